"""The endpoints, one file a noun: constants of the contract, and the methods that use them."""
