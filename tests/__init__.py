"""The tests of kessai; see CONTRIBUTING for what each folder asks."""
