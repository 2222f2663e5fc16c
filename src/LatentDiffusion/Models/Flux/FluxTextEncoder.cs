using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// The text encoder of FLUX.1: the last hidden states of T5, padding included, and as the pooled text the normalised state of CLIP's
/// end token, without projection.
/// </summary>
public sealed class FluxTextEncoder : ITextEncoder, IDisposable
{
    private readonly ClipTower _clip;
    private readonly T5TextEncoder _t5;

    /// <summary>Wraps the networks, which the encoder owns.</summary>
    /// <param name="clip">The CLIP text tower with its tokenizer.</param>
    /// <param name="t5">T5 with its tokenizer.</param>
    /// <param name="maxLength">Number of T5's ids of every prompt, at least 2. Default 512; FLUX.1 schnell reads 256.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is less than 2.</exception>
    public FluxTextEncoder(
        (ClipTextModel Network, ClipTokenizer Tokenizer) clip, (T5EncoderModel Network, TextTokenizer Tokenizer) t5, int maxLength = 512)
    {
        ArgumentNullException.ThrowIfNull(clip.Network, nameof(clip));
        ArgumentNullException.ThrowIfNull(clip.Tokenizer, nameof(clip));
        _clip = new ClipTower(clip.Network, clip.Tokenizer);
        _t5 = new T5TextEncoder(t5.Network, t5.Tokenizer, maxLength);
    }

    /// <inheritdoc />
    public int MaxLength => _t5.MaxLength;

    /// <inheritdoc />
    public string ContentKey => $"pooled {_clip.ContentKey} {_t5.ContentKey}";

    /// <inheritdoc />
    /// <exception cref="ArgumentException">The list of prompts is empty, or a prompt is null.</exception>
    public Conditioning Encode(IReadOnlyList<string> prompts, CancellationToken cancellationToken = default)
    {
        TokenBatch.Check(prompts);
        cancellationToken.ThrowIfCancellationRequested();
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor pooled = _clip.Network.call(ClipIds.Encode(prompts, _clip.Tokenizer, _clip.Device)).Pooled;
        Conditioning joined = FluxText.Join(_t5.Encode(prompts, cancellationToken).HiddenStates, pooled);
        joined.HiddenStates.MoveToOuterDisposeScope();
        joined.Pooled!.MoveToOuterDisposeScope();
        return joined;
    }

    /// <inheritdoc />
    public TextShape? Measure(string prompt) => _t5.Measure(prompt)!.Value with { PooledWidth = _clip.Network.Config.HiddenSize };

    /// <inheritdoc />
    /// <remarks>Of T5's: only the pooled text is cut where CLIP's window ends.</remarks>
    public int? CountTruncatedTokens(string prompt) => _t5.CountTruncatedTokens(prompt);

    /// <inheritdoc />
    public bool TryMoveTo(Device device)
    {
        ModuleDevice.Move(_clip.Network, device);
        return _t5.TryMoveTo(device);
    }

    /// <summary>Disposes the networks.</summary>
    public void Dispose()
    {
        _clip.Network.Dispose();
        _t5.Dispose();
    }
}
