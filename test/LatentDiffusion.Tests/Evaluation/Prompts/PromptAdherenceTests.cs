using LatentDiffusion.Evaluation;
using Xunit;

namespace LatentDiffusion.Tests.Evaluation;

public sealed class PromptAdherenceTests
{
    private static readonly ImageBuffer s_image = ImageMetricTests.Flat(2, 1);

    [Fact]
    public void Aspects_are_counted_where_the_prompt_speaks_of_them()
    {
        PromptScore[][] scores =
        [
            [new("subject", 0.9), new("colour", 0.8)],
            [new("subject", 0.7), new("colour", 0.2)],
            [new("subject", 0.5)],
            [new("subject", 0.1)],
        ];
        string[] prompts = ["a blue bird", "a blue bird", "a star", "a fish"];
        PromptAdherence adherence = PromptAdherence.Measure(new Fixed(scores), prompts.Select(p => (s_image, p)));
        Assert.Equal(4, adherence.ImageCount);
        Assert.Equal(["subject", "colour"], adherence.Aspects.Select(a => a.Aspect));
        Assert.Equal(Proportion.FromCounts(3, 4), adherence.Aspects[0].Right);
        Assert.Equal(0.55, adherence.Aspects[0].MeanScore, 1e-12);
        Assert.Equal(Proportion.FromCounts(1, 2), adherence.Aspects[1].Right);
        Assert.Equal(Proportion.FromCounts(2, 4), adherence.All);
        Assert.Equal(Proportion.FromCounts(1, 2), adherence.ByPrompt["a blue bird"]);
        Assert.Equal(Proportion.FromCounts(0, 1), adherence.ByPrompt["a fish"]);
    }

    [Theory]
    [InlineData("the score 1.5", 1.5, "subject")]
    [InlineData("2 times", 0.5, "subject", "subject")]
    [InlineData("no score", 0.5)]
    public void A_scorer_that_is_wrong_is_told_so(string message, double score, params string[] aspects)
    {
        var scorer = new Fixed([[.. aspects.Select(a => new PromptScore(a, score))]]);
        var exception = Assert.Throws<InvalidOperationException>(() => PromptAdherence.Measure(scorer, [(s_image, "a star")]));
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
    }

    internal sealed class Fixed(PromptScore[][] scores) : IPromptScorer
    {
        private int _next;

        public string Name => "a list";

        public IReadOnlyList<PromptScore> Score(ImageBuffer image, string prompt) => scores[_next++ % scores.Length];
    }
}
