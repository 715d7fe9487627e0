"""The agent behind Vapi: its tools and its brain, where Vapi has the telephone, the ears, the turns and the voice."""
