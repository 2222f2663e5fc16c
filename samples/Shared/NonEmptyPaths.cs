using System.CommandLine;
using System.CommandLine.Parsing;

namespace LatentDiffusion.Samples;

/// <summary>Refuses empty paths by the name of their option. By default the message names a .NET type instead.</summary>
internal static class NonEmptyPaths
{
    /// <summary>Applies it to all options of a command and of its subcommands: to be called before it parses.</summary>
    public static TCommand WithNonEmptyPaths<TCommand>(this TCommand command) where TCommand : Command
    {
        foreach (Option option in command.Options)
        {
            Apply(option, "a file", path => new FileInfo(path));
            Apply(option, "a folder", path => new DirectoryInfo(path));
        }

        foreach (Command subcommand in command.Subcommands) subcommand.WithNonEmptyPaths();
        return command;
    }

    private static void Apply<T>(Option option, string expected, Func<string, T> open) where T : FileSystemInfo
    {
        if (option is Option<T> one) one.CustomParser ??= Read;

        T? Read(ArgumentResult result)
        {
            if (result.Tokens is not [var token]) return null;
            if (token.Value.Length > 0) return open(token.Value);
            result.AddError($"{option.Name} is empty; expected {expected}.");
            return null;
        }
    }
}
