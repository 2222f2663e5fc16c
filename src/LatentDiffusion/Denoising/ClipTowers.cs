using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// The text towers of a model and what it reads of them. One tower alone: its last layer, normalised (Stable Diffusion 1.x and
/// 2.x). Towers with a pooled text (SDXL: Podell et al. 2023, section 2.1): the layers before the last side by side, not
/// normalised, and the projection of the last tower.
/// </summary>
internal sealed class ClipTowers
{
    /// <summary>One tower.</summary>
    public ClipTowers(ClipTextModel network, ClipTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(tokenizer);
        All = [new ClipTower(network, tokenizer)];
    }

    /// <summary>Towers with a pooled text.</summary>
    /// <param name="first">The first tower; null for the refiner, which has the second only.</param>
    /// <param name="second">The second tower, which has a projection.</param>
    /// <exception cref="ArgumentException">The second tower has no projection, or the tokenizers differ in length.</exception>
    public ClipTowers((ClipTextModel Network, ClipTokenizer Tokenizer)? first, (ClipTextModel Network, ClipTokenizer Tokenizer) second)
    {
        if (!second.Network.HasProjection) throw new ArgumentException("The second text tower has no projection, which gives the pooled text.", nameof(second));
        if (first is { } other && other.Tokenizer.MaxLength != second.Tokenizer.MaxLength)
        {
            throw new ArgumentException(
                $"The tokenizers give {other.Tokenizer.MaxLength} and {second.Tokenizer.MaxLength} tokens; side by side they must give as many.", nameof(second));
        }

        var last = new ClipTower(second.Network, second.Tokenizer);
        All = first is { } tower ? [new ClipTower(tower.Network, tower.Tokenizer), last] : [last];
        IsPooled = true;
    }

    /// <summary>The towers, in order.</summary>
    public IReadOnlyList<ClipTower> All { get; }

    /// <summary>Whether there is a pooled text.</summary>
    public bool IsPooled { get; }

    /// <summary>Tokens of a window.</summary>
    public int MaxLength => All[^1].Tokenizer.MaxLength;

    /// <summary>Width of the hidden states of all towers side by side.</summary>
    public int Width => All.Sum(t => t.Network.Config.HiddenSize);

    /// <summary>Width of the pooled text; null for none.</summary>
    public int? PooledWidth => IsPooled ? All[^1].Network.Config.ProjectionDim : null;

    /// <summary>The most layers that can be counted from the one that the model reads.</summary>
    public int Layers => All.Min(t => t.Network.Config.NumHiddenLayers) - (IsPooled ? 1 : 0);

    /// <summary>Evaluates a tower.</summary>
    /// <param name="index">Which.</param>
    /// <param name="ids">Token ids, [batch, tokens], int64, on the tower's device.</param>
    /// <param name="clipSkip">Which layer, counted from the one that the model reads, which is 1.</param>
    /// <param name="pool">Whether the pooled text is wanted, which takes every layer of the last tower.</param>
    /// <returns>Hidden states, [batch, tokens, width], and the pooled text, [batch, width]; null where the tower does not give it.</returns>
    public (Tensor Hidden, Tensor? Pooled) Run(int index, Tensor ids, int clipSkip = 1, bool pool = true)
    {
        ClipTextModel network = All[index].Network;
        if (!IsPooled) return (network.HiddenState(ids, clipSkip), null);
        int layers = network.Config.NumHiddenLayers - clipSkip;
        if (!pool || index < All.Count - 1) return (network.RawHiddenState(ids, layers), null);
        ClipTextOutput output = network.call(ids);
        return (clipSkip == 1 ? output.PenultimateHiddenState : network.RawHiddenState(ids, layers), output.Projected);
    }
}
