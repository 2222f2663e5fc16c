using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>The blocks of a network whose activations are computed again in the backward pass.</summary>
internal static class RecomputedBlocks
{
    /// <summary>Sets whether the residual blocks and transformers of a network recompute.</summary>
    public static void Set(nn.Module network, bool recomputes)
    {
        foreach (nn.Module module in network.modules())
        {
            if (module is ResnetBlock2D resnet) resnet.Recomputes = recomputes;
            else if (module is Transformer2DModel transformer) transformer.Recomputes = recomputes;
        }
    }
}
