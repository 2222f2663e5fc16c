using System.ComponentModel.DataAnnotations;
using LatentDiffusion.Tests.Reference;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Prompting;

public sealed class DualClipPromptingTests : IClassFixture<TinyClip>, IDisposable
{
    private readonly TinyClip _clip;
    private readonly ClipTextModel _second;
    private readonly ClipTextEncoder _plain;

    public DualClipPromptingTests(TinyClip clip)
    {
        _clip = clip;
        _second = (clip.Network.Config with { HiddenSize = 8, ProjectionDim = 6 }).Build(projection: true);
        FormulaWeights.Fill(_second);
        _plain = new ClipTextEncoder((clip.Network, clip.Tokenizer), (_second, clip.Tokenizer));
    }

    public void Dispose() => _second.Dispose();

    [Fact]
    public void Without_weights_a_prompt_is_encoded_bit_for_bit_as_before()
    {
        ITextEncoder weighted = _plain.WithPrompting(new());
        using Conditioning expected = _plain.Encode(["a red star", ""]), actual = weighted.Encode(["a (red:1) star", ""]);
        Assert.Equal([2, _clip.Tokenizer.MaxLength, 20], actual.HiddenStates.shape);
        Assert.Equal(Values(expected.HiddenStates), Values(actual.HiddenStates));
        Assert.Equal(Values(expected.Pooled!), Values(actual.Pooled!));
        using Conditioning none = weighted.EncodeUnconditional(1);
        Assert.All(Values(none.HiddenStates), v => Assert.Equal(0, v));
    }

    [Fact]
    public void Windows_stand_one_after_the_other_and_the_first_is_pooled()
    {
        using DisposeScope scope = NewDisposeScope();
        Conditioning first = _plain.Encode(["a red"]);
        Conditioning second = _plain.Encode(["bird"]);
        Conditioning actual = _plain.WithPrompting(new()).Encode(["a red BREAK bird"]);
        Assert.Equal(Values(cat([first.HiddenStates, second.HiddenStates], 1)), Values(actual.HiddenStates));
        Assert.Equal(Values(first.Pooled!), Values(actual.Pooled!));
    }

    [Fact]
    public void Clip_skip_counts_from_the_layer_before_the_last()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        Conditioning plain = _plain.Encode(["a red star"]), actual = _plain.WithPrompting(new() { ClipSkip = 2 }).Encode(["a red star"]);
        Tensor ids = tensor(_clip.Tokenizer.Encode("a red star").Ids, [1, _clip.Tokenizer.MaxLength]);
        Assert.Equal(Values(cat([FirstLayer(_clip.Network), FirstLayer(_second)], -1)), Values(actual.HiddenStates));
        Assert.Equal(Values(plain.Pooled!), Values(actual.Pooled!));
        Assert.Contains("ClipSkip is 3", Assert.Throws<ValidationException>(() => _plain.WithPrompting(new() { ClipSkip = 3 })).Message);

        // The layer before the last of a tower of two layers with the same weights.
        Tensor FirstLayer(ClipTextModel network)
        {
            using ClipTextModel two = (network.Config with { NumHiddenLayers = 2 }).Build();
            Dictionary<string, Tensor> weights = network.state_dict();
            foreach ((string name, Tensor parameter) in two.state_dict()) parameter.copy_(weights[name]);
            return two.call(ids).PenultimateHiddenState;
        }
    }

    [Fact]
    public void The_empty_prompt_uses_the_prompts_layer_unless_zeros()
    {
        using DisposeScope scope = NewDisposeScope();
        var forced = new ClipTextEncoder(null, (_second, _clip.Tokenizer));
        var encoded = new ClipTextEncoder(null, (_second, _clip.Tokenizer), zerosForUnconditional: false);
        PromptingOptions skip = new() { ClipSkip = 2 };
        Conditioning empty = encoded.WithPrompting(skip).Encode(["", ""]), none = encoded.WithPrompting(skip).EncodeUnconditional(2);
        Assert.Equal(Values(empty.HiddenStates), Values(none.HiddenStates));
        Assert.Equal(Values(empty.Pooled!), Values(none.Pooled!));
        Assert.NotEqual(Values(encoded.EncodeUnconditional(2).HiddenStates), Values(none.HiddenStates));
        Assert.Equal(
            Values(encoded.EncodeUnconditional(2).HiddenStates),
            Values(encoded.WithPrompting(new()).EncodeUnconditional(2).HiddenStates));

        Conditioning zeros = forced.WithPrompting(skip).EncodeUnconditional(2);
        Assert.All(Values(zeros.HiddenStates).Concat(Values(zeros.Pooled!)), v => Assert.Equal(0, v));
    }

    private static float[] Values(Tensor tensor) => tensor.contiguous().data<float>().ToArray();
}
