using System.ComponentModel.DataAnnotations;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// The towers of SDXL for prompts with weights and prompts longer than their window. The pooled text is that of the first
/// window, as it is without weights. Does not own the networks.
/// </summary>
internal sealed class WeightedTwoTowerTextEncoder : ITextEncoder, IOffloadable, IKnownContent
{
    private readonly ITextEncoder _plain;
    private readonly (ClipTextModel Network, ClipTokenizer Tokenizer)[] _towers;
    private readonly PromptingOptions _options;

    /// <param name="plain">The encoder without weights, which says what no prompt is.</param>
    /// <param name="towers">The towers; the last gives the pooled text.</param>
    /// <param name="options">How to read and encode.</param>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    public WeightedTwoTowerTextEncoder(ITextEncoder plain, (ClipTextModel Network, ClipTokenizer Tokenizer)[] towers, PromptingOptions options)
    {
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        int layers = towers.Min(t => t.Network.Config.NumHiddenLayers) - 1;
        if (options.ClipSkip > layers) throw new ValidationException($"ClipSkip is {options.ClipSkip}; the text towers have {layers} layers before the last.");
        (_plain, _towers, _options) = (plain, towers, options);
    }

    /// <inheritdoc />
    public int MaxLength => _plain.MaxLength * _options.MaxChunks;

    string IKnownContent.ContentKey => $"{_options} {ContentKey.Of(_plain)}";

    /// <inheritdoc />
    public Conditioning Encode(IReadOnlyList<string> prompts)
    {
        PromptBatch[] batches = [.. _towers.Select(t => new PromptBatch(prompts, t.Tokenizer, _options))];
        foreach (PromptBatch batch in batches) batch.Lengthen(batches.Max(b => b.Windows));
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor? pooled = null;
        Tensor hidden = cat([.. batches.Select((batch, i) => batch.Encode(_towers[i].Network.parameters().First().device, ids => Run(i, ids, ref pooled)))], -1);
        return new Conditioning(hidden.MoveToOuterDisposeScope(), pooled!.MoveToOuterDisposeScope());
    }

    /// <inheritdoc />
    public Conditioning EncodeUnconditional(int count) => _plain.EncodeUnconditional(count);

    /// <inheritdoc />
    public void MoveTo(Device device)
    {
        foreach ((ClipTextModel network, _) in _towers) NetworkMoves.Move(network, device);
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
