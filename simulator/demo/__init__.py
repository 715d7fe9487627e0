"""`offhook demo`: one whole call to watch; live on loopback sockets, in virtual time, or with real speech."""
