using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// The text encoder of SDXL (Podell et al. 2023, section 2.1): the outputs of both towers' layers before the last stand
/// side by side, and the second tower's projection is the pooled text. Its refiner has the second tower alone.
/// </summary>
public sealed class DualClipTextEncoder : IPromptableTextEncoder, IMeasuredTextEncoder, ITruncatingTextEncoder, IOffloadable, IContentKeyed, IDisposable
{
    private readonly (ClipTextModel Network, ClipTokenizer Tokenizer)[] _towers;
    private readonly bool _zeros;

    /// <summary>Joins the towers.</summary>
    /// <param name="first">The first tower with its tokenizer; null for the refiner, which has none.</param>
    /// <param name="second">The second tower, which has a projection, with its tokenizer.</param>
    /// <param name="zerosForUnconditional">Whether no prompt is all zeros, published as <c>force_zeros_for_empty_prompt</c>, rather than the encoded empty prompt, which <see cref="Encode(IReadOnlyList{string})"/> gives in either case. Default true.</param>
    /// <exception cref="ArgumentException">The second tower has no projection, or the tokenizers differ in length.</exception>
    public DualClipTextEncoder(
        (ClipTextModel Network, ClipTokenizer Tokenizer)? first, (ClipTextModel Network, ClipTokenizer Tokenizer) second, bool zerosForUnconditional = true)
    {
        if (!second.Network.HasProjection) throw new ArgumentException("The second text tower has no projection, which gives the pooled text.", nameof(second));
        if (first is { } other && other.Tokenizer.MaxLength != second.Tokenizer.MaxLength)
        {
            throw new ArgumentException(
                $"The tokenizers give {other.Tokenizer.MaxLength} and {second.Tokenizer.MaxLength} tokens; side by side they must give as many.", nameof(second));
        }

        _towers = first is { } tower ? [tower, second] : [second];
        _zeros = zerosForUnconditional;
    }

    /// <inheritdoc />
    public int MaxLength => _towers[^1].Tokenizer.MaxLength;

    string IContentKeyed.ContentKey => $"{_zeros} {string.Join(' ', _towers.Select(t => $"{ContentKey.Of(t.Network, t.Network.Config)} {t.Tokenizer.ContentKey}"))}";

    /// <inheritdoc />
    public Conditioning Encode(IReadOnlyList<string> prompts) => Encode(prompts, CancellationToken.None);

    /// <inheritdoc />
    public Conditioning Encode(IReadOnlyList<string> prompts, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        if (prompts.Count == 0) throw new ArgumentException("At least one prompt is needed.", nameof(prompts));
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        ClipTextOutput[] outputs = [.. _towers.Select(tower => Run(tower.Network, tower.Tokenizer, prompts, cancellationToken))];
        Tensor hidden = cat([.. outputs.Select(o => o.PenultimateHiddenState)], -1);
        return new Conditioning(hidden.MoveToOuterDisposeScope(), outputs[^1].Projected!.MoveToOuterDisposeScope());
    }

    /// <inheritdoc />
    public Conditioning EncodeUnconditional(int count) => EncodeUnconditional(count, CancellationToken.None);

    /// <inheritdoc />
    public Conditioning EncodeUnconditional(int count, CancellationToken cancellationToken)
    {
        string[] prompts = [.. Enumerable.Repeat("", count)];
        if (!_zeros) return Encode(prompts, cancellationToken);
        using Conditioning empty = Encode(prompts, cancellationToken);
        return empty.Map(t => zeros_like(t));
    }

    /// <inheritdoc />
    public ITextEncoder WithPrompting(PromptingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new WeightedDualClipTextEncoder(_towers, _zeros, options);
    }

    /// <inheritdoc />
    public void MoveTo(Device device)
    {
        foreach ((ClipTextModel network, _) in _towers) ModuleDevice.Move(network, device);
    }

    /// <summary>Disposes the networks.</summary>
    public void Dispose()
    {
        foreach ((ClipTextModel network, _) in _towers) network.Dispose();
    }

    int ITruncatingTextEncoder.CountTruncatedTokens(string prompt) => _towers.Max(t => t.Tokenizer.CountTruncatedTokens(prompt));

    TextShape IMeasuredTextEncoder.Measure(string prompt) =>
        new(MaxLength, _towers.Sum(t => t.Network.Config.HiddenSize), _towers[^1].Network.Config.ProjectionDim);

    private static ClipTextOutput Run(ClipTextModel network, ClipTokenizer tokenizer, IReadOnlyList<string> prompts, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Tensor ids = tensor(prompts.SelectMany(p => tokenizer.Encode(p).Ids).ToArray(), [prompts.Count, tokenizer.MaxLength]);
        return network.call(ids.to(NetworkUse.DeviceOf(network)));
    }
}
