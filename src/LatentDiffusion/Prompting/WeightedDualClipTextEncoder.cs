using System.ComponentModel.DataAnnotations;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// The towers of SDXL for prompts with weights and prompts longer than their window. The pooled text is that of the first
/// window, as it is without weights. Does not own the networks.
/// </summary>
internal sealed class WeightedDualClipTextEncoder : IMeasuredTextEncoder, IOffloadable, IContentKeyed
{
    private readonly (ClipTextModel Network, ClipTokenizer Tokenizer)[] _towers;
    private readonly bool _zeros;
    private readonly PromptingOptions _options;

    /// <param name="towers">The towers; the last gives the pooled text.</param>
    /// <param name="zerosForUnconditional">Whether no prompt is all zeros, rather than the encoded empty prompt.</param>
    /// <param name="options">How to read and encode.</param>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    public WeightedDualClipTextEncoder((ClipTextModel Network, ClipTokenizer Tokenizer)[] towers, bool zerosForUnconditional, PromptingOptions options)
    {
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        int layers = towers.Min(t => t.Network.Config.NumHiddenLayers) - 1;
        if (options.ClipSkip > layers) throw new ValidationException($"ClipSkip is {options.ClipSkip}; the text towers have {layers} layers before the last.");
        (_towers, _zeros, _options) = (towers, zerosForUnconditional, options);
    }

    /// <summary>How it reads and encodes.</summary>
    public PromptingOptions Options => _options;

    string IContentKeyed.ContentKey => $"{_options} {_zeros} {string.Join(' ', _towers.Select(t => $"{ContentKey.Of(t.Network, t.Network.Config)} {t.Tokenizer.ContentKey}"))}";

    /// <inheritdoc />
    public int MaxLength => _towers[^1].Tokenizer.MaxLength * _options.MaxChunks;

    /// <inheritdoc />
    public Conditioning Encode(IReadOnlyList<string> prompts) => Encode(prompts, CancellationToken.None);

    /// <inheritdoc />
    public Conditioning Encode(IReadOnlyList<string> prompts, CancellationToken cancellationToken)
    {
        PromptBatch[] batches = Read(prompts);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor? pooled = null;
        Tensor hidden = cat([.. batches.Select((batch, i) => batch.Encode(NetworkUse.DeviceOf(_towers[i].Network), cancellationToken, ids => Run(i, ids, ref pooled)))], -1);
        return new Conditioning(hidden.MoveToOuterDisposeScope(), pooled!.MoveToOuterDisposeScope());
    }

    /// <inheritdoc />
    public Conditioning EncodeUnconditional(int count) => EncodeUnconditional(count, CancellationToken.None);

    /// <inheritdoc />
    public Conditioning EncodeUnconditional(int count, CancellationToken cancellationToken)
    {
        // The empty prompt's layer is that of other prompts.
        Conditioning empty = Encode([.. Enumerable.Repeat("", count)], cancellationToken);
        if (!_zeros) return empty;
        using (empty) return empty.Map(t => zeros_like(t));
    }

    /// <inheritdoc />
    public TextShape Measure(string prompt) => new(
        Read([prompt])[0].Windows * _towers[^1].Tokenizer.MaxLength, _towers.Sum(t => t.Network.Config.HiddenSize), _towers[^1].Network.Config.ProjectionDim);

    /// <inheritdoc />
    public void MoveTo(Device device)
    {
        foreach ((ClipTextModel network, _) in _towers) ModuleDevice.Move(network, device);
    }

    /// <summary>A batch for each tower, all with as many windows as the longest.</summary>
    private PromptBatch[] Read(IReadOnlyList<string> prompts)
    {
        PromptBatch[] batches = [.. _towers.Select(t => new PromptBatch(prompts, t.Tokenizer, _options))];
        foreach (PromptBatch batch in batches) batch.PadTo(batches.Max(b => b.Windows));
        return batches;
    }

    private Tensor Run(int tower, Tensor ids, ref Tensor? pooled)
    {
        ClipTextModel network = _towers[tower].Network;
        int layers = network.Config.NumHiddenLayers - _options.ClipSkip;
        if (pooled is not null || tower != _towers.Length - 1) return network.RawHiddenState(ids, layers);

        // The pooled text needs every layer.
        ClipTextOutput output = network.call(ids);
        pooled = output.Projected!;
        return _options.ClipSkip == 1 ? output.PenultimateHiddenState : network.RawHiddenState(ids, layers);
    }
}
