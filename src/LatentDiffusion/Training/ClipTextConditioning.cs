using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Texts from a CLIP text tower over cached token ids.</summary>
public sealed class ClipTextConditioning : ITextConditioning, IDisposable
{
    private readonly ClipTextModel _network;
    private readonly Tensor _ids, _emptyIds;
    private readonly bool _train;

    /// <summary>Prepares the texts.</summary>
    /// <param name="network">The text tower.</param>
    /// <param name="tokenizer">Its tokenizer, for the empty caption.</param>
    /// <param name="ids">Token ids of the captions, [pictures, tokens], int64; the caller's.</param>
    /// <param name="train">Whether the tower is trained; where not, it computes no gradients.</param>
    public ClipTextConditioning(ClipTextModel network, ClipTokenizer tokenizer, Tensor ids, bool train = true)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(ids);
        (_network, _ids, _train) = (network, ids, train);
        _emptyIds = tensor(tokenizer.Encode("").Ids).DetachFromDisposeScope();
        Modules = train ? new Dictionary<string, nn.Module> { ["text_encoder"] = network } : new Dictionary<string, nn.Module>();
    }

    /// <inheritdoc />
    public IReadOnlyDictionary<string, nn.Module> Modules { get; }

    /// <inheritdoc />
    public Conditioning Encode(Tensor index, Tensor dropped)
    {
        ArgumentNullException.ThrowIfNull(dropped);
        using DisposeScope scope = NewDisposeScope();
        Tensor ids = where(dropped.unsqueeze(1), _emptyIds, _ids.index_select(0, index)).to(_network.parameters().First().device);
        using IDisposable? noGrad = _train ? null : no_grad();
        return new Conditioning(_network.call(ids).LastHiddenState.MoveToOuterDisposeScope());
    }

    /// <summary>Disposes what was made here; the network and the ids are the caller's.</summary>
    public void Dispose() => _emptyIds.Dispose();
}
