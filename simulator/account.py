"""The emulated Twilio account, which every simulated call belongs to."""

ACCOUNT_SID = "AC" + "5e" * 16
AUTH_TOKEN = "emulated" * 4
"""The emulated account's secret: worth nothing, and as long as a real one."""

PAY_CONNECTOR = "Default"
"""Who charges cards for it: the name that Twilio gives to an account's first one."""
