using LatentDiffusion.Models.Drawings;
using Xunit;

namespace LatentDiffusion.Tests.Drawings;

public sealed class DrawingCatalogTests
{
    public static TheoryData<string> Prompts => [.. DrawingCatalog.Prompts];

    [Fact]
    public void There_are_enough_subjects_colours_and_attributes()
    {
        Assert.True(DrawingCatalog.Subjects.Count >= 20);
        Assert.True(DrawingCatalog.Colors.Count >= 10);
        Assert.All(
            ["star", "woman", "dragon", "sea turtle", "bird", "stuffed animal"],
            subject => Assert.Contains(subject, DrawingCatalog.Subjects));
        Assert.Contains("blue and white", DrawingCatalog.Colors);
    }

    [Theory, MemberData(nameof(Prompts))]
    public void Each_of_the_six_prompts_can_be_drawn_and_never_occurs_in_training(string prompt)
    {
        DrawingCombination combination = Assert.Single(DrawingCatalog.Combinations, c => Captions(c).Contains(prompt));
        Assert.True(DrawingCatalog.IsHeldOut(combination));
        Assert.DoesNotContain(combination, DrawingCatalog.Training);
    }

    [Fact]
    public void The_split_is_a_tenth_and_leaves_every_word_in_training()
    {
        Assert.Equal(DrawingCatalog.Combinations.Count, DrawingCatalog.Training.Count + DrawingCatalog.HeldOut.Count);
        Assert.InRange((double)DrawingCatalog.HeldOut.Count / DrawingCatalog.Combinations.Count, 0.08, 0.13);
        Assert.Equal(DrawingCatalog.Subjects.ToHashSet(), DrawingCatalog.Training.Select(c => c.Subject).ToHashSet());
        Assert.Equal(DrawingCatalog.Colors.ToHashSet(), DrawingCatalog.Training.Select(c => c.Color).Where(c => c.Length > 0).ToHashSet());
        Assert.Equal(DrawingCatalog.Attributes.ToHashSet(), DrawingCatalog.Training.Select(c => c.Attribute).ToHashSet());
    }

    [Fact]
    public void Captions_are_unique()
    {
        string[] captions = [.. DrawingCatalog.Combinations.SelectMany(Captions)];
        Assert.Equal(captions.Length, captions.Distinct().Count());
        Assert.Contains("an orange fox", captions);
        Assert.DoesNotContain(
            captions, c => c.Contains("a orange", StringComparison.Ordinal) || c.Contains("a owl", StringComparison.Ordinal));
    }

    private static IEnumerable<string> Captions(DrawingCombination combination) =>
        Enum.GetValues<DrawingTemplate>().Select(combination.Caption);
}
