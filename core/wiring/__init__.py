"""How each family of models is wired, so that rows of a sweep can enter between its parts."""
