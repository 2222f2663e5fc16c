using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Embeddings of tokens that are added to a text tower and trained.</summary>
internal sealed class TrainedEmbeddings : LayerGroup
{
    private const string Weight = "weight";

    /// <param name="start">Their values at first, [vectors, width]; copied.</param>
    public TrainedEmbeddings(Tensor start) : base(nameof(TrainedEmbeddings)) =>
        register_parameter(Weight, (Parameter)nn.Parameter(start.detach().clone()).DetachFromDisposeScope());

    /// <summary>Their values now, [vectors, width]. Training may replace the tensor.</summary>
    public Parameter Values => get_parameter(Weight)!;
}
