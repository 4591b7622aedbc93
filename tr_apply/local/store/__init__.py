"""The API's resources without HTTP: create, read, change, delete and list them, with the engines that route."""
