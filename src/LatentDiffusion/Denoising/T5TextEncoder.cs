using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Denoising;

/// <summary>T5's encoder as a text encoder: the last hidden states of all places of a window, padding included.</summary>
public sealed class T5TextEncoder : ITextEncoder, IDisposable
{
    private readonly TextPadding _padding;

    /// <summary>Wraps a network.</summary>
    /// <param name="network">The network, which the encoder owns.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="maxLength">Number of ids of every prompt, the end token included; at least 2. Default 512.</param>
    /// <param name="padding">What becomes of padding. Default <see cref="TextPadding.Attended"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is less than 2.</exception>
    /// <exception cref="ArgumentException">The tokenizer has no padding token.</exception>
    public T5TextEncoder(
        T5EncoderModel network, TextTokenizer tokenizer, int maxLength = 512, TextPadding padding = TextPadding.Attended)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 2);
        if (tokenizer.PaddingId is null) throw new ArgumentException("The tokenizer has no padding token.", nameof(tokenizer));
        (Network, Tokenizer, MaxLength, _padding) = (network, tokenizer, maxLength, padding);
    }

    /// <summary>The network.</summary>
    public T5EncoderModel Network { get; }

    /// <summary>Its tokenizer.</summary>
    public TextTokenizer Tokenizer { get; }

    /// <inheritdoc />
    public int MaxLength { get; }

    /// <inheritdoc />
    public string ContentKey => $"{MaxLength} {_padding} {ContentKeys.ForNetwork(Network, Network.Config)} {Tokenizer.ContentKey}";

    /// <inheritdoc />
    /// <exception cref="ArgumentException">The list of prompts is empty, or a prompt is null.</exception>
    /// <exception cref="InvalidDataException">The tokenizer gives an id that the network does not have.</exception>
    public Conditioning Encode(IReadOnlyList<string> prompts, CancellationToken cancellationToken = default)
    {
        var batch = new TokenBatch(prompts, Tokenizer, MaxLength, Network.Config.VocabSize);
        cancellationToken.ThrowIfCancellationRequested();
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Device device = NetworkUse.DeviceOf(Network);
        if (_padding == TextPadding.Attended) return new Conditioning(Network.call(batch.Ids(device), null).MoveToOuterDisposeScope());
        Tensor hidden = Network.call(batch.Ids(device), batch.Mask(device));
        Tensor mask = batch.Mask(device, _padding == TextPadding.MaskedExceptFirst ? 1 : 0).to(hidden.dtype);
        return new Conditioning(hidden.MoveToOuterDisposeScope(), mask: mask.MoveToOuterDisposeScope());
    }

    /// <inheritdoc />
    public TextShape? Measure(string prompt) =>
        new TextShape(MaxLength, Network.Config.DModel, IsMasked: _padding != TextPadding.Attended);

    /// <inheritdoc />
    public int? CountTruncatedTokens(string prompt) =>
        Math.Max(0, Tokenizer.Tokenize(prompt).Count + Tokenizer.AddedCount - MaxLength);

    /// <inheritdoc />
    public bool TryMoveTo(Device device)
    {
        ModuleDevice.Move(Network, device);
        return true;
    }

    /// <summary>Disposes the network.</summary>
    public void Dispose() => Network.Dispose();
}
