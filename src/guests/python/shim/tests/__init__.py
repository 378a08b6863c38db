"""The rules of the shim's modules. CONTRIBUTING.md says how to run them.
"""
