"""The project: settings, addresses and the WSGI door. It knows all rooms and holds no logic."""
