using LatentDiffusion.Tests.Prompting;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Denoising;

/// <summary>T5 and Qwen3 as text encoders, and the encoders of families that join them with CLIP.</summary>
public sealed class LanguageEncoderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly T5EncoderModel _t5 = TinyTextEncoders.T5Config.Build();
    private readonly Qwen3Model _qwen3 = TinyTextEncoders.Qwen3Config.Build();
    private readonly TextTokenizer _t5Tokenizer, _qwen3Tokenizer;

    public LanguageEncoderTests()
    {
        _t5Tokenizer = TinyTextEncoders.T5Tokenizer(_folder["t5"]);
        _qwen3Tokenizer = TinyTextEncoders.Qwen3Tokenizer(_folder["qwen3"]);
    }

    public void Dispose()
    {
        _t5.Dispose();
        _qwen3.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void T5_attends_to_padding_and_gives_no_mask()
    {
        using DisposeScope scope = NewDisposeScope();
        using var encoder = new T5TextEncoder(_t5, _t5Tokenizer, 6);
        using Conditioning text = encoder.Encode(["a red", ""]);
        Assert.Null(text.Mask);
        Assert.Null(text.Pooled);
        using Tensor expected = _t5.call(tensor(new long[] { 4, 5, 1, 0, 0, 0 }, [1, 6]), null);
        Assert.True(expected.allclose(text.HiddenStates.narrow(0, 0, 1), rtol: 1e-4, atol: 1e-5));
        Assert.Equal(TextShape.FromConditioning(text), encoder.Measure("a"));
    }

    [Theory]
    [InlineData(TextPadding.Masked, new[] { 1f, 1, 1, 0, 0, 0 })]
    [InlineData(TextPadding.MaskedExceptFirst, new[] { 1f, 1, 1, 1, 0, 0 })]
    public void Masked_padding_changes_no_token(TextPadding padding, float[] mask)
    {
        using DisposeScope scope = NewDisposeScope();
        using var encoder = new T5TextEncoder(_t5, _t5Tokenizer, 6, padding);
        using Conditioning text = encoder.Encode(["a red"]);
        Assert.Equal(mask, text.Mask!.data<float>().ToArray());
        using Tensor expected = _t5.call(tensor(new long[] { 4, 5, 1 }, [1, 3]), null);
        Assert.True(expected.allclose(text.HiddenStates.narrow(1, 0, 3), rtol: 1e-4, atol: 1e-5));
        Assert.Equal(TextShape.FromConditioning(text), encoder.Measure("a"));
    }

    [Fact]
    public void Truncated_tokens_are_counted()
    {
        using var t5 = new T5TextEncoder(_t5, _t5Tokenizer, 3);
        Assert.Equal(0, t5.CountTruncatedTokens("a red"));
        Assert.Equal(2, t5.CountTruncatedTokens("a red star red"));
        using var qwen3 = new Qwen3TextEncoder(_qwen3, _qwen3Tokenizer, Options() with { MaxLength = 8 });
        Assert.Equal(0, qwen3.CountTruncatedTokens("a red"));
        Assert.Equal(1, qwen3.CountTruncatedTokens("a red red red red red red"));
    }

    [Fact]
    public void Qwen3_gives_the_states_of_its_layers_side_by_side()
    {
        using DisposeScope scope = NewDisposeScope();
        using var encoder = new Qwen3TextEncoder(_qwen3, _qwen3Tokenizer, Options() with { Layers = [1, -2], MasksPadding = true });
        using Conditioning text = encoder.Encode(["a red", "a"]);
        Tensor ids = tensor(new long[] { 260, 64, 258, 261, 262, 262, 262, 262 }, [1, 8]);
        Tensor mask = tensor(new long[] { 1, 1, 1, 1, 0, 0, 0, 0 }, [1, 8]);
        using Tensor expected = cat([.. _qwen3.HiddenStates(ids, mask, 1, 2)], -1);
        Assert.True(expected.allclose(text.HiddenStates.narrow(0, 0, 1), rtol: 1e-4, atol: 1e-5));
        Assert.Equal([1f, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0], text.Mask!.data<float>().ToArray());
        Assert.Equal(TextShape.FromConditioning(text), encoder.Measure("a"));
    }

    [Fact]
    public void A_prefix_of_the_message_is_dropped()
    {
        using DisposeScope scope = NewDisposeScope();
        using var whole = new Qwen3TextEncoder(_qwen3, _qwen3Tokenizer, Options() with { MasksPadding = true });
        using var rest = new Qwen3TextEncoder(_qwen3, _qwen3Tokenizer, Options() with { MasksPadding = true, DroppedTokens = 2 });
        using Conditioning one = whole.Encode(["a"]), other = rest.Encode(["a"]);
        Assert.Equal([1, 6, 8], other.HiddenStates.shape);
        Assert.Equal(one.HiddenStates.narrow(1, 2, 6).contiguous().data<float>().ToArray(), other.HiddenStates.data<float>().ToArray());
        Assert.Equal([1f, 0, 0, 0, 0, 0], other.Mask!.data<float>().ToArray());
    }

    [Fact]
    public void A_network_without_the_layers_is_refused()
    {
        using Qwen3Model part = TinyTextEncoders.Qwen3Config.Build(depth: 2);
        using (new Qwen3TextEncoder(part, _qwen3Tokenizer, Options() with { Layers = [-2] }))
            Assert.Throws<ArgumentOutOfRangeException>(() => new Qwen3TextEncoder(part, _qwen3Tokenizer, Options()));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Qwen3TextEncoder(_qwen3, _qwen3Tokenizer, Flux2Text.Klein));
    }

    [Fact]
    public void Ids_beyond_the_network_are_refused()
    {
        using T5EncoderModel small = (TinyTextEncoders.T5Config with { VocabSize = 5 }).Build();
        using var encoder = new T5TextEncoder(small, _t5Tokenizer, 4);
        Assert.Throws<InvalidDataException>(() => encoder.Encode(["red"]));
    }

    [Fact]
    public void Cancelled_calls_and_missing_prompts_evaluate_nothing()
    {
        using var encoder = new T5TextEncoder(_t5, _t5Tokenizer);
        Assert.Throws<OperationCanceledException>(() => encoder.Encode(["a"], new CancellationToken(canceled: true)));
        Assert.Throws<ArgumentException>(() => encoder.Encode([]));
        Assert.Throws<ArgumentException>(() => encoder.Encode([null!]));
    }

    [Fact]
    public void Content_keys_tell_encoders_apart()
    {
        string[] keys =
        [
            new T5TextEncoder(_t5, _t5Tokenizer).ContentKey, new T5TextEncoder(_t5, _t5Tokenizer, 256).ContentKey,
            new T5TextEncoder(_t5, _t5Tokenizer, padding: TextPadding.Masked).ContentKey,
            new Qwen3TextEncoder(_qwen3, _qwen3Tokenizer).ContentKey,
            new Qwen3TextEncoder(_qwen3, _qwen3Tokenizer, Options()).ContentKey,
            new Qwen3TextEncoder(_qwen3, _qwen3Tokenizer, Options() with { Layers = [1] }).ContentKey,
            new Qwen3TextEncoder(_qwen3, _qwen3Tokenizer, Options() with { MasksPadding = true }).ContentKey,
        ];
        Assert.Distinct(keys);
        Assert.Equal(keys[0], new T5TextEncoder(_t5, _t5Tokenizer).ContentKey);
    }

    [Fact]
    public void Stable_Diffusion_3_reads_zeros_without_T5()
    {
        using DisposeScope scope = NewDisposeScope();
        using var encoder = new SD3TextEncoder(Clip(), Clip(), third: null, maxLength: 5, jointWidth: 20);
        using Conditioning text = encoder.Encode(["a red star", ""]);
        Assert.Equal([2, 16 + 5, 20], text.HiddenStates.shape);
        Assert.Equal([2, 8], text.Pooled!.shape);
        Assert.Equal(0, text.HiddenStates.narrow(1, 16, 5).abs().max().item<float>());
        Assert.Equal(0, text.HiddenStates.narrow(2, 16, 4).abs().max().item<float>());
        Assert.NotEqual(0, text.HiddenStates.narrow(1, 0, 16).abs().max().item<float>());
        Assert.Equal(TextShape.FromConditioning(text), encoder.Measure(""));
        Assert.Equal(16, encoder.MaxLength);
    }

    [Fact]
    public void Stable_Diffusion_3_puts_T5_after_CLIP()
    {
        using DisposeScope scope = NewDisposeScope();
        using T5EncoderModel t5 = TinyTextEncoders.T5Config.Build();
        using var encoder = new SD3TextEncoder(Clip(), Clip(), (t5, _t5Tokenizer), maxLength: 5, clipSkip: 1);
        using var alone = new T5TextEncoder(t5, _t5Tokenizer, 5);
        using Conditioning text = encoder.Encode(["a red star"]), expected = alone.Encode(["a red star"]);
        Assert.Equal(
            expected.HiddenStates.data<float>().ToArray(), text.HiddenStates.narrow(1, 16, 5).contiguous().data<float>().ToArray());
        Assert.Equal(5, encoder.MaxLength);
        Assert.Equal(alone.CountTruncatedTokens("a a a a a a"), encoder.CountTruncatedTokens("a a a a a a"));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SD3TextEncoder(Clip(), Clip(), clipSkip: 2));
    }

    [Fact]
    public void FLUX_1_reads_the_end_token_of_CLIP_as_pooled_text()
    {
        using DisposeScope scope = NewDisposeScope();
        (ClipTextModel Network, ClipTokenizer Tokenizer) clip = Clip();
        using T5EncoderModel t5 = TinyTextEncoders.T5Config.Build();
        using var encoder = new FluxTextEncoder(clip, (t5, _t5Tokenizer), maxLength: 7);
        using Conditioning text = encoder.Encode(["a red star"]);
        Assert.Equal([1, 7, 16], text.HiddenStates.shape);
        using IDisposable noGrad = no_grad();
        Tensor pooled = clip.Network.call(tensor(clip.Tokenizer.Encode("a red star").Ids).unsqueeze(0)).Pooled;
        Assert.Equal(pooled.data<float>().ToArray(), text.Pooled!.data<float>().ToArray());
        Assert.Equal(TextShape.FromConditioning(text), encoder.Measure(""));
    }

    [Fact]
    public void Encoders_move_and_free_their_networks()
    {
        using T5EncoderModel t5 = TinyTextEncoders.T5Config.Build();
        var encoder = new FluxTextEncoder(Clip(), (t5, _t5Tokenizer), maxLength: 7);
        Assert.True(encoder.TryMoveTo(CPU));
        encoder.Dispose();
        Assert.Throws<ObjectDisposedException>(() => encoder.Encode(["a"]));
    }

    private static Qwen3TextOptions Options() => new() { Template = new ChatTemplate("<|im_start|>", "<|im_end|>"), MaxLength = 8 };

    private static (ClipTextModel Network, ClipTokenizer Tokenizer) Clip()
    {
        var tokenizer = new ClipTokenizer(BpeTrainer.Train(["a red star"], 520), maxLength: 16);
        ClipTextModel network = new ClipTextConfig
        {
            VocabSize = 520, HiddenSize = 8, IntermediateSize = 16, NumHiddenLayers = 2, NumAttentionHeads = 2, MaxPositionEmbeddings = 16,
            ProjectionDim = 4, EosTokenId = tokenizer.EndId,
        }.Build(projection: true);
        return (network, tokenizer);
    }
}
