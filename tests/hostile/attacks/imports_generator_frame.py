"""Take the built-ins from the frame below a running generator.

Evidence: secret
Sandbox: violation, error
"""


def attack(target):
    def spy():
        yield generator.gi_frame.f_back.f_builtins["open"]

    generator = spy()
    return next(generator)(target["secret_file"]).read()
