using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Normalisation layers that begin as the identity. TorchSharp 0.107 leaves the weight and bias of its own as the memory
/// was found.
/// </summary>
internal static class Normalization
{
    public static GroupNorm Group(int groups, long channels, double eps)
    {
        if (channels % groups != 0)
            throw new ArgumentException($"{channels} channels cannot be normalised in {groups} groups: norm_num_groups must divide every entry of block_out_channels.");
        GroupNorm norm = nn.GroupNorm(groups, channels, eps);
        Reset(norm.weight, norm.bias);
        return norm;
    }

    public static LayerNorm Layer(long channels, double eps = 1e-5)
    {
        LayerNorm norm = nn.LayerNorm(channels, eps);
        Reset(norm.weight, norm.bias);
        return norm;
    }

    private static void Reset(Tensor? weight, Tensor? bias)
    {
        using IDisposable noGrad = no_grad();
        weight?.fill_(1);
        bias?.zero_();
    }
}
