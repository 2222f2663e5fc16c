using CsCheck;
using Xunit;

namespace LatentDiffusion.Tests.Prompting;

public sealed class WeightedPromptTests
{
    // The first nine are those that Stable Diffusion web UI documents its parser with.
    public static TheoryData<string, string> Cases => new()
    {
        { "normal text", "normal text|1" },
        { "an (important) word", "an |1 important|1.1  word|1" },
        { "(unbalanced", "unbalanced|1.1" },
        { @"\(literal\]", "(literal]|1" },
        { "(unnecessary)(parens)", "unnecessaryparens|1.1" },
        {
            "a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).",
            "a |1 house|1.573  |1.1 on|1  a |1.1 hill|0.55 , sun, |1.1 sky|1.4641 .|1.1"
        },
        { "(word:1.3)", "word|1.3" },
        { "[word]", "word|0.909090909" },
        { "a BREAK b", "a|1 / b|1" },

        { "", "" },
        { "()", "" },
        { "unopened) and ]", "unopened) and ]|1" },
        { "[[deep]]", "deep|0.826446281" },
        { "[(level)]", "level|1" },
        { "[unclosed", "unclosed|0.909090909" },
        { "(a:1.3", "a:1.3|1.1" },
        { "a:1.3)", "a:1.3)|1" },
        { "(a: 2 )b", "a|2 b|1" },
        { "(a:-0.5)", "a|-0.5" },
        { "(a:+2)", "a|2" },
        { "(a:.5)", "a|0.5" },
        { "(a:1.2.3)", "a:1.2.3)|1.1" },
        { "(a:b)", "a:b|1.1" },
        { "(a:1e3)", "a:1e3|1.1" },
        { "(a:1)", "a|1" },
        { "(a:5000)", "a|100" },
        { "[a:1.3]", "a:1.3|0.909090909" },
        { @"\(a:1.3\)", "(a:1.3)|1" },
        { @"(\(a\):1.3)", "(a)|1.3" },
        { @"a\\b \c", @"a\b c|1" },
        { "BREAK", "/" },
        { "a BREAKER bREAK", "a BREAKER bREAK|1" },
        { "a BREAK BREAK b BREAK", "a|1 / / b|1 /" },
        { "(a BREAK b:2)", "a|2 / b|2" },
        { "(a )BREAK( b)", "a |1.1 /  b|1.1" },
        { "a (b (c [d:", "a |1 b |1.1 c |1.21 d:|1.1" },
    };

    [Theory, MemberData(nameof(Cases))]
    public void Prompts_are_read_as_the_notation_says(string prompt, string expected)
    {
        string actual = string.Join(' ', WeightedPrompt.Parse(prompt).Fragments.Select(
            f => f.IsBreak ? "/" : FormattableString.Invariant($"{f.Text}|{Math.Round(f.Weight, 9)}")));
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void Nested_weights_multiply_exactly()
    {
        Assert.Equal(1.3 * 1.1 * 1.1, WeightedPrompt.Parse("(((house:1.3)))").Fragments[0].Weight);
        Assert.False(WeightedPrompt.Parse("(a)").IsPlain);
        Assert.False(WeightedPrompt.Parse("a BREAK b").IsPlain);
        Assert.True(WeightedPrompt.Parse(@"a \(b\): c").IsPlain);
    }

    // Parts of prompts, so that most generated prompts mean something, and any other character.
    private static readonly string[] s_pieces =
        [
            "(", ")", "[", "]", "\\", ":", "1.3", ":1.3)", ": -.5 )", ":)", "BREAK", "B", "REAK", " BREAK ", " ", "\t",
            "a", "word", "2", ".", "🐢", "\ud83d", "é", ":999999999)", "0", "\n",
        ];

    private static readonly Gen<string> s_prompts = Gen.OneOf(
        Gen.Int[0, s_pieces.Length - 1].Select(i => s_pieces[i]).Array[0, 30].Select(string.Concat),
        Gen.Char[char.MinValue, char.MaxValue].Array[0, 40].Select(c => new string(c)));

    [Fact]
    public void Any_text_is_a_prompt() => s_prompts.Sample(
        text =>
        {
            WeightedPrompt prompt = WeightedPrompt.Parse(text);
            PromptFragment? previous = null;
            foreach (PromptFragment fragment in prompt.Fragments)
            {
                Assert.True(fragment.IsBreak == (fragment.Text.Length == 0));
                Assert.InRange(fragment.Weight, -100, 100);
                Assert.False(previous is { IsBreak: false } && !fragment.IsBreak && previous.Weight == fragment.Weight);
                previous = fragment;
            }
        }, iter: 20_000);

    [Fact]
    public void What_is_written_is_read_back() => s_prompts.Sample(
        text =>
        {
            WeightedPrompt prompt = WeightedPrompt.Parse(text);
            Assert.Equal(prompt.Fragments, WeightedPrompt.Parse(prompt.ToString()).Fragments);
        }, iter: 20_000);

    [Fact]
    public void Text_without_notation_is_unchanged() => s_prompts.Sample(
        text =>
        {
            string plain = string.Concat(text.Where(c => !"()[]\\".Contains(c))).Replace("BREAK", "break");
            WeightedPrompt prompt = WeightedPrompt.Parse(plain);
            Assert.True(prompt.IsPlain);
            Assert.Equal(plain, string.Concat(prompt.Fragments.Select(f => f.Text)));
            Assert.Equal(plain, prompt.ToString());
        }, iter: 10_000);

    [Fact]
    public void Long_prompts_of_any_shape_are_read_at_once()
    {
        foreach (string piece in new[] { "(", ")", "((a:1.1)", "[", "\\", ":", ": ", " ", "BREAK ", "(a:0.5", ":1", "a" })
            Assert.NotNull(WeightedPrompt.Parse(string.Concat(Enumerable.Repeat(piece, 20_000 / piece.Length))));
    }

    [Fact]
    public void Brackets_within_64_others_are_text()
    {
        string opening = new('(', 70), closing = new(')', 70);
        Assert.Equal("a", Assert.Single(WeightedPrompt.Parse(opening[..64] + "a" + closing[..64]).Fragments).Text);
        IReadOnlyList<PromptFragment> deep = WeightedPrompt.Parse(opening + "a" + closing).Fragments;
        Assert.Equal(["((((((a", "))))))"], deep.Select(f => f.Text));
        Assert.Equal([WeightedPrompt.MaximumWeight, 1], deep.Select(f => f.Weight));
    }

    /// <summary>Where every bracket weighs all that it holds, this takes hours.</summary>
    [Fact]
    public void A_megabyte_of_brackets_is_read_in_linear_time() =>
        Assert.NotEmpty(WeightedPrompt.Parse(string.Concat(Enumerable.Repeat("(a[b", 1 << 18))).Fragments);
}
