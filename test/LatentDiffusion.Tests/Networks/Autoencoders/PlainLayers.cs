using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

/// <summary>Layers of published networks by libtorch's functions only, with weights that follow from their names.</summary>
/// <param name="shapes">The network's parameters with their shapes.</param>
internal sealed class PlainLayers(IReadOnlyDictionary<string, long[]> shapes)
{
    public PlainLayers(nn.Module network) : this(network.state_dict().ToDictionary(p => p.Key, p => p.Value.shape))
    {
    }

    public bool Has(string name) => shapes.ContainsKey(name);

    public Tensor Weight(string name) => Reference.FormulaWeights.Parameter(name, shapes[name]);

    public Tensor Conv(string name, Tensor x, long stride = 1, long padding = 1) => nn.functional.conv2d(
        x, Weight(name + ".weight"), Has(name + ".bias") ? Weight(name + ".bias") : null, [stride, stride], [padding, padding]);

    public Tensor Linear(string name, Tensor x) => nn.functional.linear(x, Weight(name + ".weight"), Weight(name + ".bias"));

    public Tensor Norm(string name, Tensor x, int groups, double eps) =>
        nn.functional.group_norm(x, groups, Weight(name + ".weight"), Weight(name + ".bias"), eps);

    /// <summary>A residual block without a time.</summary>
    public Tensor Resnet(string name, Tensor x, int groups)
    {
        Tensor hidden = Conv(name + ".conv1", Silu(Norm(name + ".norm1", x, groups, 1e-6)));
        hidden = Conv(name + ".conv2", Silu(Norm(name + ".norm2", hidden, groups, 1e-6)));
        return hidden + (Has(name + ".conv_shortcut.weight") ? Conv(name + ".conv_shortcut", x, padding: 0) : x);
    }

    /// <summary>Self-attention of one head over pixels, with its input added.</summary>
    public Tensor Attention(string name, Tensor x, int groups)
    {
        Tensor rows = Norm(name + ".group_norm", x, groups, 1e-6).flatten(2).transpose(1, 2);
        Tensor q = Linear(name + ".to_q", rows), k = Linear(name + ".to_k", rows), v = Linear(name + ".to_v", rows);
        Tensor weights = (q.matmul(k.transpose(1, 2)) / Math.Sqrt(x.shape[1])).softmax(-1);
        return x + Linear(name + ".to_out.0", weights.matmul(v)).transpose(1, 2).reshape(x.shape);
    }

    public Tensor Middle(string name, Tensor x, int groups) => Resnet(
        name + ".resnets.1", Attention(name + ".attentions.0", Resnet(name + ".resnets.0", x, groups), groups), groups);

    /// <summary>Moments of images: the encoder of latent diffusion.</summary>
    public Tensor Moments(Tensor x, int levels, int layers, int groups)
    {
        x = Conv("encoder.conv_in", x);
        for (int level = 0; level < levels; level++)
        {
            for (int i = 0; i < layers; i++) x = Resnet($"encoder.down_blocks.{level}.resnets.{i}", x, groups);
            if (level == levels - 1) break;
            x = Conv($"encoder.down_blocks.{level}.downsamplers.0.conv", nn.functional.pad(x, [0, 1, 0, 1]), stride: 2, padding: 0);
        }

        x = Silu(Norm("encoder.conv_norm_out", Middle("encoder.mid_block", x, groups), groups, 1e-6));
        return Conv("quant_conv", Conv("encoder.conv_out", x), padding: 0);
    }

    public static Tensor Silu(Tensor x) => x * x.sigmoid();

    public static Tensor Doubled(Tensor x) => x.repeat_interleave(2, 2).repeat_interleave(2, 3);
}
