using System.Text.RegularExpressions;

namespace LatentDiffusion.Tests.Documentation;

/// <summary>A command that starts a project of the repository, as a page shows it.</summary>
/// <param name="Place">Where it is, for messages.</param>
/// <param name="Project">Path of the project, from the root of the repository.</param>
/// <param name="Arguments">The arguments of the program.</param>
internal sealed partial record ShellCommand(string Place, string Project, IReadOnlyList<string> Arguments)
{
    /// <summary>The options that the command gives, without their values.</summary>
    public IEnumerable<string> Options => Arguments.Select(argument => argument.Trim('[', ']'))
        .Where(argument => argument.StartsWith("--", StringComparison.Ordinal));

    /// <summary>Path of the program, built before the tests are.</summary>
    public string Program => BuildSettings.ProgramOf(Project);

    /// <summary>The commands of a block without a language.</summary>
    public static IEnumerable<ShellCommand> Read(FencedBlock block)
    {
        if (block.Language.Length > 0) yield break;
        // A line continues after a backslash, and where the next one is indented, as in a synopsis.
        string[] lines = Continuation().Replace(block.Code, " ").Split('\n');
        foreach (string line in lines)
        {
            string[] words = [.. Word().Matches(line).Select(match => match.Value.Trim('"'))];
            int run = Array.IndexOf(words, "--project");
            if (words is not ["dotnet", "run", ..] || run < 0) continue;
            int end = Array.IndexOf(words, "--");
            yield return new ShellCommand(block.Place, words[run + 1], end < 0 ? [] : words[(end + 1)..]);
        }
    }

    [GeneratedRegex("""\s*\\?\n\s+""")]
    private static partial Regex Continuation();

    [GeneratedRegex("""
        "[^"]*"|\S+
        """)]
    private static partial Regex Word();
}
