using System.Text.RegularExpressions;
using Xunit;

namespace LatentDiffusion.Tests.Documentation;

/// <summary>The page of problems quotes messages that the library has, and lists every type of exception that it adds.</summary>
public sealed partial class TroubleshootingTests
{
    private const string Page = "docs/troubleshooting.md", Varies = "…";

    /// <summary>Longest text that stands for one … of the page.</summary>
    private const int LongestGap = 500;

    private static readonly string[] s_sources =
    [
        .. Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .Select(file => Joined().Replace(File.ReadAllText(file), "")),
    ];

    [Fact]
    public void Messages_are_those_of_the_library()
    {
        string[] messages = [.. Messages()];
        Assert.True(messages.Length > 50, $"The page has {messages.Length} messages.");
        Assert.DoesNotContain(messages, message => !s_sources.Any(source => IsIn(source, message)));
    }

    [Fact]
    public void Invented_messages_are_found()
    {
        Assert.Contains(s_sources, source => IsIn(source, "The pipeline is built, and the builder is frozen; use a new one."));
        Assert.DoesNotContain(s_sources, source => IsIn(source, "The pipeline is built … and the moon is frozen"));
    }

    [Fact]
    public void Every_type_of_exception_is_listed()
    {
        string[] types =
        [
            .. Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "PublicAPI.*.txt", SearchOption.AllDirectories)
                .SelectMany(File.ReadLines).Select(line => ExceptionType().Match(line)).Where(match => match.Success)
                .Select(match => match.Groups[1].Value),
        ];
        string page = File.ReadAllText(Path.Combine(Repository.Root, Page));
        string list = page[page.IndexOf("## Types of exceptions", StringComparison.Ordinal)..];
        Assert.NotEmpty(types);
        Assert.DoesNotContain(types, type => !list.Contains($"`{type}`", StringComparison.Ordinal));
    }

    /// <summary>The texts in the first column of tables of messages.</summary>
    private static IEnumerable<string> Messages()
    {
        bool isTable = false;
        foreach (string line in File.ReadLines(Path.Combine(Repository.Root, Page)))
        {
            if (line.StartsWith("| message |", StringComparison.Ordinal)) isTable = true;
            else if (!line.StartsWith('|')) isTable = false;
            else if (isTable && Message().Match(line) is { Success: true } match) yield return match.Groups[1].Value;
        }
    }

    /// <summary>Whether a source has the parts of a message one after the other.</summary>
    private static bool IsIn(string source, string message)
    {
        string pattern = string.Join($"[^;]{{0,{LongestGap}}}?", message.Split(Varies).Select(part => Regex.Escape(part.Trim())));
        return Regex.IsMatch(source, pattern, RegexOptions.Singleline);
    }

    [GeneratedRegex("""
        "\s*\+\s*\$?"
        """)]
    private static partial Regex Joined();

    [GeneratedRegex(@"^\| `([^`]+)`")]
    private static partial Regex Message();

    [GeneratedRegex(@"^(?:\w+\.)*(\w+Exception)$")]
    private static partial Regex ExceptionType();
}
