"""The API over HTTP: paths, who may come in, what a request says and what it is answered."""
