def run(lab): pass
