using Xunit;

namespace LatentDiffusion.Tests.Prompting;

/// <summary>Prompts that change from step to step, as Stable Diffusion web UI documents them.</summary>
public sealed class PromptScheduleTests
{
    /// <summary>
    /// The documented examples of <c>get_learned_conditioning_prompt_schedules</c>, in 10 steps: the last step of each text and the text.
    /// </summary>
    public static TheoryData<string, string> Documented => new()
    {
        { "test", "10 test" },
        { "a [b:3]", "3 a /10 a b" },
        { "a [b: 3]", "3 a /10 a b" },
        { "a [[[b]]:2]", "2 a /10 a [[b]]" },
        { "[(a:2):3]", "3 /10 (a:2)" },
        { "a [b : c : 1] d", "1 a b  d/10 a  c  d" },
        { "a[b:[c:d:2]:1]e", "1 abe/2 ace/10 ade" },
        { "a [unbalanced", "10 a [unbalanced" },
        { "a [b:.5] c", "5 a  c/10 a b c" },
        { "a [{b|d{:.5] c", "5 a  c/10 a {b|d{ c" },
        { "((a][:b:c [d:3]", "3 ((a][:b:c /10 ((a][:b:c d" },
        { "[a|(b:1.1)]", string.Join('/', Enumerable.Range(1, 10).Select(i => i % 2 == 1 ? $"{i} a" : $"{i} (b:1.1)")) },
        { "[fe|]male", string.Join('/', Enumerable.Range(1, 10).Select(i => i % 2 == 1 ? $"{i} female" : $"{i} male")) },
        { "[fe|||]male", string.Join('/', Enumerable.Range(1, 10).Select(i => i % 4 == 1 ? $"{i} female" : $"{i} male")) },
    };

    /// <summary>The documented example of 100 steps.</summary>
    [Fact]
    public void A_landscape_changes_four_times() => Assert.Equal(
        [
            "25 fantasy landscape with a mountain and an oak in foreground shoddy",
            "50 fantasy landscape with a lake and an oak in foreground in background shoddy",
            "60 fantasy landscape with a lake and an oak in foreground in background masterful",
            "75 fantasy landscape with a lake and an oak in background masterful",
            "100 fantasy landscape with a lake and a christmas tree in background masterful",
        ],
        Parse(
            "fantasy landscape with a [mountain:lake:0.25] and [an oak:a christmas tree:0.75][ in foreground::0.6]"
            + "[ in background:0.25] [shoddy:masterful:0.5]",
            100).Split('/'));

    [Theory, MemberData(nameof(Documented))]
    public void Documented_examples(string prompt, string expected) => Assert.Equal(expected, Parse(prompt, 10));

    [Theory]
    [InlineData("a [b:.5] c", "10 a b c")]
    [InlineData("a [b:1.5] c", "5 a  c/10 a b c")]
    [InlineData("a [b:12] c", "2 a  c/10 a b c")]
    [InlineData("a [b:10] c", "10 a b c")]
    [InlineData("a [b:30] c", "10 a  c")]
    public void A_second_pass_continues_the_count(string prompt, string expected) => Assert.Equal(
        expected, Parse(prompt, 10, firstPassSteps: 10));

    [Theory]
    [InlineData(@"\[a:b:0.5\]"), InlineData(@"[a\:b:c]"), InlineData("[a]"), InlineData("(a:1.2)"), InlineData("[a:b:c:0.5]")]
    [InlineData("[a:b]"), InlineData("[a:(b:0.5]"), InlineData("[a|b:c]"), InlineData("[a:[b:c]:0.5]"), InlineData("a | b"), InlineData("")]
    [InlineData("[a:b:0.5"), InlineData("a:b:0.5]"), InlineData(@"a\"), InlineData("[a:b:0,5]"), InlineData("[(a:b:c):0.5]")]
    public void Other_brackets_are_text(string prompt) => Assert.Equal($"10 {prompt}", Parse(prompt, 10));

    [Theory]
    [InlineData(@"[a\|b|c]", 1, @"a\|b"), InlineData(@"[a\|b|c]", 2, "c"), InlineData(@"[\]:x:4]", 4, @"\]")]
    [InlineData("[a::4]", 4, "a"), InlineData("[a::4]", 5, ""), InlineData("[a:b:-1]", 1, "b"), InlineData("[a:b:0]", 1, "b")]
    [InlineData("[a:b:1.0]", 10, "a"), InlineData("[a:b:1]", 2, "b"), InlineData("[a:b:1e9]", 10, "a")]
    [InlineData("[a:b:0.39]", 3, "a"), InlineData("[a:b:0.39]", 4, "b")]
    [InlineData("[[a|b]:c:2]", 2, "b"), InlineData("[[a|b]:c:2]", 3, "c"), InlineData("[a|[b|c]]", 4, "c")]
    [InlineData("([a|b]:1.2)", 2, "(b:1.2)"), InlineData("[x [a|b]:y:c]", 2, "[x b:y:c]")]
    public void A_step_has_its_text(string prompt, int step, string expected) =>
        Assert.Equal(expected, PromptSchedule.Parse(prompt, 10).TextAt(step));

    [Fact]
    public void Any_text_is_a_prompt_and_takes_little_time()
    {
        string[] hostile =
        [
            new('[', 20_000), new(']', 20_000), string.Concat(Enumerable.Repeat("[a:", 6_000)),
            string.Concat(Enumerable.Repeat("[a|", 6_000)),
            new string('[', 9_000) + "a" + string.Concat(Enumerable.Repeat(":0.5]", 2_000)), new string('\\', 20_001),
            string.Concat(Enumerable.Repeat("([", 5_000)) + string.Concat(Enumerable.Repeat("])", 5_000)),
        ];
        var clock = System.Diagnostics.Stopwatch.StartNew();
        foreach (string prompt in hostile) Assert.NotEmpty(PromptSchedule.Parse(prompt, 1000).Entries);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 5);
        var random = new Random(5);
        for (int i = 0; i < 2000; i++)
        {
            string prompt = string.Concat(Enumerable.Range(0, 24).Select(_ => @"[](:)|\ab1.5"[random.Next(12)]));
            PromptSchedule schedule = PromptSchedule.Parse(prompt, 7);
            Assert.Equal(7, schedule.Entries[^1].LastStep);
            Assert.Equal(schedule.Entries.Select(e => e.LastStep).Order().Distinct(), schedule.Entries.Select(e => e.LastStep));
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => PromptSchedule.Parse("a", 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => PromptSchedule.Parse("a", 1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => PromptSchedule.Parse("a", 2).TextAt(3));
    }

    private static string Parse(string prompt, int steps, int? firstPassSteps = null) =>
        string.Join('/', PromptSchedule.Parse(prompt, steps, firstPassSteps).Entries.Select(e => $"{e.LastStep} {e.Text}"));
}
