"""Operations with their requests, and the order in which they can be sent."""
