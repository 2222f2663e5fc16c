using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Denoising;

/// <summary>
/// Qwen3, or Mistral (FLUX.2 dev), as a text encoder: a prompt is written as a message to the model, and hidden states of some layers are
/// put side by side.
/// Layers after the last of those are not evaluated, and the network need not have them.
/// </summary>
public sealed class Qwen3TextEncoder : ITextEncoder, IDisposable
{
    private readonly Qwen3TextOptions _options;
    private readonly IReadOnlyList<int> _layers;

    /// <summary>Wraps a network.</summary>
    /// <param name="network">The network, which the encoder owns.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="options">What the family reads of it; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">The network lacks a layer, or an option is out of its range.</exception>
    /// <exception cref="ArgumentException">The tokenizer has no padding token, or no layer is read.</exception>
    public Qwen3TextEncoder(Qwen3Model network, TextTokenizer tokenizer, Qwen3TextOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(tokenizer);
        _options = options ?? new Qwen3TextOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.MaxLength, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(_options.DroppedTokens);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(_options.DroppedTokens, _options.MaxLength);
        if (_options.Layers.Count == 0) throw new ArgumentException("No layer is read.", nameof(options));
        if (tokenizer.PaddingId is null) throw new ArgumentException("The tokenizer has no padding token.", nameof(tokenizer));
        _layers = _options.LayersOf(network.Config);
        if (_layers.Max() is var last && last > network.Depth)
        {
            throw new ArgumentOutOfRangeException(
                nameof(options), last, $"The network was built with {network.Depth} of {network.Config.NumHiddenLayers} layers.");
        }

        (Network, Tokenizer) = (network, tokenizer);
    }

    /// <summary>The network.</summary>
    public Qwen3Model Network { get; }

    /// <summary>Its tokenizer.</summary>
    public TextTokenizer Tokenizer { get; }

    /// <inheritdoc />
    /// <remarks>The message around the prompt counts too.</remarks>
    public int MaxLength => _options.MaxLength;

    /// <inheritdoc />
    public string ContentKey
    {
        get
        {
            string layers = string.Join(' ', _layers), window = $"{MaxLength} {_options.DroppedTokens} {_options.MasksPadding}";
            return $"{StableHash.Compute(_options.Template.Render("\0"))} {layers} {window} "
                + $"{ContentKeys.ForNetwork(Network, Network.Config)} {Tokenizer.ContentKey}";
        }
    }

    /// <inheritdoc />
    /// <exception cref="ArgumentException">The list of prompts is empty, or a prompt is null.</exception>
    /// <exception cref="InvalidDataException">The tokenizer gives an id that the network does not have.</exception>
    public Conditioning Encode(IReadOnlyList<string> prompts, CancellationToken cancellationToken = default)
    {
        var batch = new TokenBatch(prompts, Tokenizer, MaxLength, Network.Config.VocabSize, _options.Template.Render);
        cancellationToken.ThrowIfCancellationRequested();
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Device device = NetworkUse.DeviceOf(Network);
        Tensor mask = batch.Mask(device);
        IReadOnlyList<Tensor> states = Network.HiddenStates(batch.Ids(device), mask, _layers);
        Tensor hidden = Kept(SideBySide(states)).MoveToOuterDisposeScope();
        return new Conditioning(
            hidden, mask: _options.MasksPadding ? Kept(mask).to(hidden.dtype).MoveToOuterDisposeScope() : null);
    }

    /// <inheritdoc />
    public TextShape? Measure(string prompt) => new TextShape(
        MaxLength - _options.DroppedTokens, (long)_layers.Count * Network.Config.HiddenSize, IsMasked: _options.MasksPadding);

    /// <inheritdoc />
    public int? CountTruncatedTokens(string prompt) =>
        Math.Max(0, Tokenizer.Tokenize(_options.Template.Render(prompt)).Count - MaxLength);

    /// <inheritdoc />
    public bool TryMoveTo(Device device)
    {
        ModuleDevice.Move(Network, device);
        return true;
    }

    /// <summary>Disposes the network.</summary>
    public void Dispose() => Network.Dispose();

    /// <summary>Hidden states of layers side by side.</summary>
    internal static Tensor SideBySide(IReadOnlyList<Tensor> states) => states.Count == 1 ? states[0] : cat([.. states], -1);

    private Tensor Kept(Tensor x) => _options.DroppedTokens == 0
        ? x
        : x.narrow(1, _options.DroppedTokens, MaxLength - _options.DroppedTokens).contiguous();
}
