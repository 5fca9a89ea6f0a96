"""The web server around the pages: whom it answers, what it sends along, what an operator is told.

Everything here is plain ASGI: a callable of (scope, receive, send). The pages know nothing of it.
"""
