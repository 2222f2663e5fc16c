using System.Text.RegularExpressions;
using Xunit;

namespace LatentDiffusion.Tests;

/// <summary>Continuous integration repeats the tests that compare numbers with the instruction sets of older CPUs.</summary>
public sealed partial class InstructionSetTests
{
    private static readonly string s_root = BuildSettings.Get("RepositoryRoot");

    /// <summary>What a repeated test has in its full name, as <c>.ci/run</c> lists it.</summary>
    private static readonly string[] s_repeated =
    [
        .. Names().Match(File.ReadAllText(Path.Combine(s_root, ".ci", "run"))).Groups["names"].Value
            .Split([' ', '\\', '\n'], StringSplitOptions.RemoveEmptyEntries),
    ];

    /// <summary>These compare names of tensors, ids of tokens and configurations, which are not computed.</summary>
    private static readonly string[] s_texts = ["KeyTests.", ".Tokenization.", ".ModelIndexTests."];

    private static readonly (string Name, string Source)[] s_classes =
    [
        .. from file in Directory.EnumerateFiles(
               Path.Combine(s_root, "test", "LatentDiffusion.Tests"), "*Tests.cs", SearchOption.AllDirectories)
           let source = File.ReadAllText(file)
           select ($"{Namespace().Match(source).Groups["name"].Value}.{Path.GetFileNameWithoutExtension(file)}.", source),
    ];

    [Fact]
    public void Tests_that_compare_numbers_are_repeated()
    {
        string[] compare = [.. s_classes.Where(c => Compares().IsMatch(c.Source)).Select(c => c.Name)
            .Where(name => !s_texts.Any(part => name.Contains(part, StringComparison.Ordinal)))];
        Assert.InRange(compare.Length, 30, 1000);
        Assert.DoesNotContain(compare, name => !s_repeated.Any(part => name.Contains(part, StringComparison.Ordinal)));
    }

    [Fact]
    public void Each_listed_name_is_a_tests() =>
        Assert.DoesNotContain(s_repeated, part => !s_classes.Any(c => c.Name.Contains(part, StringComparison.Ordinal)));

    [GeneratedRegex(@"^numbers=\((?<names>.*?)\)", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Names();

    [GeneratedRegex("^namespace (?<name>[^;]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    /// <summary>With figures of other programs, with loops written from papers, or of tensors with each other.</summary>
    [GeneratedRegex(@"\b(ReferenceFigures|ReferenceFiles|PlainSampler|PlainLoop)\.\w|new PlainFamily\(|\.allclose\(\w")]
    private static partial Regex Compares();
}
