using Xunit;

namespace LatentDiffusion.Tests.Documentation;

/// <summary>The form of the pages: short paragraphs, code first, and links that lead somewhere.</summary>
public sealed class PageTests
{
    private const int LongestParagraph = 700;

    private const string Map = "docs/README.md";

    public static TheoryData<string> Pages => [.. Repository.Pages];

    public static TheoryData<string> Docs => [.. Repository.Pages.Where(page => page.StartsWith("docs/", StringComparison.Ordinal))];

    [Theory, MemberData(nameof(Pages))]
    public void Paragraphs_are_short(string page) => Assert.Empty(
        MarkdownPage.Read(page).Paragraphs.Where(paragraph => paragraph.Text.Length > LongestParagraph)
            .Select(paragraph => $"{page}:{paragraph.Line} has {paragraph.Text.Length} characters."));

    [Theory, MemberData(nameof(Docs))]
    public void Pages_begin_with_code(string page)
    {
        string[] lines = [.. File.ReadLines(Path.Combine(Repository.Root, page)).Where(line => line.Length > 0).Take(2)];
        Assert.StartsWith("# ", lines[0], StringComparison.Ordinal);
        Assert.True(lines[1].StartsWith("```") || lines[1].StartsWith("<!--"), $"{page} begins with '{lines[1]}'; expected code.");
    }

    [Theory, MemberData(nameof(Pages))]
    public void Links_lead_to_files_and_headings(string page)
    {
        MarkdownPage read = MarkdownPage.Read(page);
        List<string> wrong = [];
        foreach ((int line, string target) in read.Links.Where(link => !link.Target.Contains("://", StringComparison.Ordinal)))
        {
            string[] parts = target.Split('#', 2);
            string file = parts[0].Length == 0 ? page : Relative(page, parts[0]);
            if (!Path.Exists(Path.Combine(Repository.Root, file))) wrong.Add($"{page}:{line}: '{target}' does not exist.");
            else if (parts is [_, var heading] && !MarkdownPage.Read(file).Anchors.Contains(heading))
                wrong.Add($"{page}:{line}: {file} has no heading '{heading}'.");
        }

        Assert.True(wrong.Count == 0, $"\n{string.Join('\n', wrong)}");
    }

    [Fact]
    public void The_map_has_every_page()
    {
        var linked = MarkdownPage.Read(Map).Links.Select(link => Relative(Map, link.Target)).ToHashSet();
        Assert.DoesNotContain(Docs.Select(row => row.Data), page => page != Map && !linked.Contains(page));
    }

    [Fact]
    public void Headings_have_the_anchors_of_GitHub()
    {
        Assert.Equal("few-steps-consistencyobjective", MarkdownPage.Anchor("Few steps: `ConsistencyObjective`"));
        Assert.Equal("convergence-does-the-loss-still-fall", MarkdownPage.Anchor("Convergence: does the loss still fall?"));
        Assert.Equal("the-web-ui-api-automatic1111", MarkdownPage.Anchor("The web UI API (AUTOMATIC1111)"));
    }

    /// <summary>A link's path, from the root of the repository.</summary>
    private static string Relative(string page, string target) =>
        Path.GetRelativePath(Repository.Root, Path.Combine(Repository.Root, Path.GetDirectoryName(page)!, target)).Replace('\\', '/');
}
