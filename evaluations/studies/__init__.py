"""Studies of the product's own methods: simulations that anybody can repeat."""
