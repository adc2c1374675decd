import Glibc

exit(Hook.run(arguments: CommandLine.arguments))
