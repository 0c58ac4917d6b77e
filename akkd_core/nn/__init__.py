"""Networks in Keras: the only room that imports TensorFlow. No Keras object leaves it."""
