using System.ComponentModel.DataAnnotations;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Prompting;

public sealed class ClipPromptingTests(TinyClip clip) : IClassFixture<TinyClip>
{
    [Fact]
    public void Without_weights_a_prompt_is_encoded_bit_for_bit_as_before()
    {
        foreach (string[] prompts in new[]
        {
            new[] { "" }, ["a red star"], ["a (red:1) star", "a bird"], [@"a \(red\) star"], ["[(a)]: red"],
        })
        {
            // The meaning of the notation, written without it.
            string[] plain = [.. prompts.Select(p => string.Concat(WeightedPrompt.Parse(p).Fragments.Select(f => f.Text)))];
            using Conditioning expected = clip.Encoder.Encode(plain), actual = Encoder().Encode(prompts);
            Assert.Equal(expected.HiddenStates.shape, actual.HiddenStates.shape);
            Assert.Equal(Values(expected), Values(actual));
        }
    }

    [Fact]
    public void Plain_text_keeps_its_brackets_where_weights_are_off()
    {
        using Conditioning expected = clip.Encoder.Encode(["(red:2)"]);
        using Conditioning actual = Encoder(new() { Weights = false }).Encode(["(red:2)"]);
        using Conditioning weighted = Encoder().Encode(["(red:2)"]);
        Assert.Equal(Values(expected), Values(actual));
        Assert.NotEqual(Values(expected), Values(weighted));
    }

    [Fact]
    public void Weights_multiply_hidden_states_and_the_mean_is_restored()
    {
        using Conditioning plain = clip.Encoder.Encode(["a red star"]), actual = Encoder().Encode(["a (red:1.6) [star]"]);
        int red = clip.Tokenizer.Tokenize("red").Count;
        int star = clip.Tokenizer.Tokenize("star").Count;
        int a = clip.Tokenizer.Tokenize("a").Count;
        double[] weights = [1, .. Repeat(1, a), .. Repeat(1.6, red), .. Repeat(1 / 1.1, star)];
        weights = [.. weights, .. Repeat(1, clip.Tokenizer.MaxLength - weights.Length)];

        double[] before = [.. Values(plain).Select(v => (double)v)], after = [.. before.Select((v, i) => v * weights[i / 12])];
        double ratio = before.Average() / after.Average();
        Assert.All(after.Zip(Values(actual)), p => Assert.Equal(p.First * ratio, p.Second, 1e-6 * Math.Max(1, Math.Abs(ratio))));
        Assert.Equal(before.Average(), Values(actual).Average(v => (double)v), 1e-7);

        static IEnumerable<double> Repeat(double value, int count) => Enumerable.Repeat(value, count);
    }

    [Fact]
    public void Weights_do_not_touch_the_other_prompts_of_a_batch()
    {
        using Conditioning plain = clip.Encoder.Encode(["a bird", "a red star"]), actual = Encoder().Encode(["a bird", "a (red:1.6) star"]);
        using Conditioning first = plain.Slice(0, 1);
        using Conditioning weighedFirst = actual.Slice(0, 1);
        using Conditioning second = plain.Slice(1, 1);
        using Conditioning weighedSecond = actual.Slice(1, 1);
        Assert.Equal(Values(first), Values(weighedFirst));
        Assert.NotEqual(Values(second), Values(weighedSecond));
    }

    [Fact]
    public void Long_prompts_are_cut_into_windows_each_with_start_and_end()
    {
        const string prompt = "a red star and a blue bird and a red bird";
        long[] ids = [.. clip.Tokenizer.Tokenize(prompt).Select(id => (long)id)];
        int capacity = clip.Tokenizer.MaxLength - 2, windows = (ids.Length + capacity - 1) / capacity;
        Assert.True(windows > 1);
        using DisposeScope scope = NewDisposeScope();
        using Conditioning actual = Encoder().Encode([prompt]);
        Tensor expected = cat([.. ids.Chunk(capacity).Select(Window)], 1);
        Assert.Equal([1, windows * clip.Tokenizer.MaxLength, 12], actual.HiddenStates.shape);
        Assert.Equal(expected.data<float>().ToArray(), Values(actual));
    }

    [Fact]
    public void All_prompts_of_a_call_get_as_many_windows_as_the_longest()
    {
        using DisposeScope scope = NewDisposeScope();
        using Conditioning actual = Encoder().Encode(["", "a BREAK red star BREAK bird"]);
        using Conditioning negative = actual.Slice(0, 1);
        using Conditioning positive = actual.Slice(1, 1);
        Assert.Equal(Values(Windows("", "", "")), Values(negative), s_rounding);
        Assert.Equal(Values(Windows("a", "red star", "bird")), Values(positive), s_rounding);

        Tensor Windows(params string[] texts) =>
            cat([.. texts.Select(t => Window([.. clip.Tokenizer.Tokenize(t).Select(id => (long)id)]))], 1);
    }

    [Fact]
    public void What_exceeds_the_most_windows_is_cut()
    {
        ClipTextEncoder encoder = Encoder(new() { MaxChunks = 2 });
        Assert.Equal(2 * clip.Tokenizer.MaxLength, encoder.MaxLength);
        string word = string.Concat(Enumerable.Repeat("a ", 16));
        using Conditioning expected = encoder.Encode([word]);
        using Conditioning actual = encoder.Encode([string.Concat(Enumerable.Repeat("a ", 50_000))]);
        using Conditioning breaks = encoder.Encode(["a BREAK b BREAK c BREAK d"]);
        Assert.Equal(Values(expected), Values(actual));
        Assert.Equal(expected.HiddenStates.shape, breaks.HiddenStates.shape);
    }

    [Fact]
    public void Clip_skip_counts_layers_from_the_last_and_normalises_them()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        Tensor ids = tensor(clip.Tokenizer.Encode("a red star").Ids, [1, clip.Tokenizer.MaxLength]);
        using ClipTextOutput output = clip.Network.call(ids);
        using Conditioning last = Encoder(new() { ClipSkip = 1 }).Encode(["a red star"]);
        using Conditioning second = Encoder(new() { ClipSkip = 2 }).Encode(["a red star"]);
        using Conditioning third = Encoder(new() { ClipSkip = 3 }).Encode(["a red star"]);
        Assert.Equal(Values(output.LastHiddenState), Values(last));
        Assert.Equal(Values(clip.Network.Normalize(output.PenultimateHiddenState)), Values(second));
        Assert.NotEqual(Values(second), Values(third));

        // Only the first layer: the same weights in a tower without the later ones.
        using ClipTextModel one = (clip.Network.Config with { NumHiddenLayers = 1 }).Build();
        Dictionary<string, Tensor> weights = clip.Network.state_dict();
        foreach ((string name, Tensor parameter) in one.state_dict()) parameter.copy_(weights[name]);
        using ClipTextOutput short_ = one.call(ids);
        Assert.Equal(Values(short_.LastHiddenState), Values(third));
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Tokens_beyond_the_last_window_are_counted(bool weights)
    {
        ClipTextEncoder encoder = Encoder(new() { Weights = weights, MaxChunks = 2 });
        int room = 2 * (clip.Tokenizer.MaxLength - 2);
        string Words(int count) => string.Concat(Enumerable.Repeat("a ", count));
        Assert.Equal(0, encoder.CountTruncatedTokens(Words(room)));
        Assert.Equal(5, encoder.CountTruncatedTokens(Words(room + 5)));
        Assert.Equal(clip.Tokenizer.MaxLength * 2, encoder.Measure(Words(room + 5))!.Value.Tokens);
    }

    [Fact]
    public void Options_out_of_range_are_refused_by_name()
    {
        Assert.Contains("ClipSkip is 4", Assert.Throws<ValidationException>(() => Encoder(new() { ClipSkip = 4 })).Message);
        Assert.Contains("ClipSkip", Assert.Throws<ValidationException>(() => Encoder(new() { ClipSkip = 0 })).Message);
        Assert.Contains("MaxChunks", Assert.Throws<ValidationException>(() => Encoder(new() { MaxChunks = 0 })).Message);
        Assert.Throws<ArgumentException>(() => Encoder().Encode([]));
        Assert.Throws<ArgumentException>(() => Encoder().Encode([null!]));
    }

    [Fact]
    public void Encoding_leaves_nothing_behind_but_its_result()
    {
        using DisposeScope scope = NewDisposeScope();
        int before = scope.DisposablesCount;
        Conditioning text = Encoder().Encode(["a (red:1.3) star BREAK bird", "a"]);
        Assert.Equal(before + 1, scope.DisposablesCount);
        text.Dispose();
    }

    // Rows of a batch may be rounded otherwise than alone.
    private static readonly IEqualityComparer<float[]> s_rounding = EqualityComparer<float[]>.Create(
        (a, b) => a!.Length == b!.Length && a.Zip(b).All(p => Math.Abs(p.First - p.Second) < 1e-5f), a => a.Length);

    private ClipTextEncoder Encoder(PromptingOptions? options = null) =>
        new(clip.Network, clip.Tokenizer, options ?? new PromptingOptions());

    /// <summary>Hidden states of one window, made up here from its ids.</summary>
    private Tensor Window(long[] text)
    {
        using IDisposable noGrad = no_grad();
        long[] ids = [clip.Tokenizer.StartId, .. text, clip.Tokenizer.EndId];
        ids = [.. ids, .. Enumerable.Repeat((long)clip.Tokenizer.PaddingId, clip.Tokenizer.MaxLength - ids.Length)];
        return clip.Network.call(tensor(ids, [1, ids.Length])).LastHiddenState;
    }

    private static float[] Values(Conditioning conditioning) => Values(conditioning.HiddenStates);

    private static float[] Values(Tensor tensor) => tensor.data<float>().ToArray();
}
