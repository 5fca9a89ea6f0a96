"""The composer: prompt, answers, model, what replaces a head and where; and what they make."""
