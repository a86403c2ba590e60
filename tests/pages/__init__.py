"""The pages, to a client, to a browser, to an attacker."""
