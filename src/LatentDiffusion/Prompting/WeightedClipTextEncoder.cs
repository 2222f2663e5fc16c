using System.ComponentModel.DataAnnotations;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// A CLIP text tower for prompts with weights, prompts longer than its window, and hidden states of an earlier layer.
/// Prompts of one call all get as many windows as the longest needs. A prompt without weights that fits into one window is
/// encoded bit for bit as <see cref="ClipTextEncoder"/> does. Does not own the network.
/// </summary>
public sealed class WeightedClipTextEncoder : ITextEncoder, IMeasuredTextEncoder, IOffloadable, IContentKeyed
{
    private readonly ClipTextModel _network;
    private readonly ClipTokenizer _tokenizer;
    private readonly PromptingOptions _options;

    /// <summary>Makes the encoder.</summary>
    /// <param name="network">The text tower.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="options">How to read and encode; null for the defaults.</param>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    public WeightedClipTextEncoder(ClipTextModel network, ClipTokenizer tokenizer, PromptingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(tokenizer);
        options ??= new PromptingOptions();
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        if (options.ClipSkip > network.Config.NumHiddenLayers)
            throw new ValidationException($"ClipSkip is {options.ClipSkip}; the text tower has {network.Config.NumHiddenLayers} layers.");
        (_network, _tokenizer, _options) = (network, tokenizer, options);
    }

    /// <summary>How it reads and encodes.</summary>
    internal PromptingOptions Options => _options;

    /// <inheritdoc />
    public int MaxLength => _tokenizer.MaxLength * _options.MaxChunks;

    string IContentKeyed.ContentKey => $"{_options} {ContentKey.Of(_network, _network.Config)} {_tokenizer.ContentKey}";

    /// <inheritdoc />
    public Conditioning Encode(IReadOnlyList<string> prompts) => Encode(prompts, CancellationToken.None);

    /// <inheritdoc />
    public Conditioning Encode(IReadOnlyList<string> prompts, CancellationToken cancellationToken)
    {
        var batch = new PromptBatch(prompts, _tokenizer, _options);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = batch.Encode(NetworkUse.DeviceOf(_network), cancellationToken, ids => _network.HiddenState(ids, _options.ClipSkip));
        return new Conditioning(hidden.MoveToOuterDisposeScope());
    }

    /// <inheritdoc />
    public void MoveTo(Device device) => ModuleDevice.Move(_network, device);

    TextShape IMeasuredTextEncoder.Measure(string prompt) =>
        new(new PromptBatch([prompt], _tokenizer, _options).Windows * _tokenizer.MaxLength, _network.Config.HiddenSize, Pooled: null);
}
