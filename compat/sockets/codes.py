"""Close codes: 3000–3499 and 4000–4499 ask the client to come back, 3500–3999 and 4500–4999 not."""

CLOSE_TOO_MANY = 4029
CLOSE_SIGNED_OUT = 4501
CLOSE_FORBIDDEN = 4503
