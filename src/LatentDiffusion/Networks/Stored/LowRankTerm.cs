using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>A matrix up·down that is added to a stored one, without computing the sum.</summary>
/// <param name="up">[rows, rank], float32, outside of dispose scopes; owned.</param>
/// <param name="down">[rank, columns], float32, outside of dispose scopes; owned.</param>
internal sealed class LowRankTerm(Tensor up, Tensor down) : IDisposable
{
    /// <summary>x·(up·down)ᵀ.</summary>
    /// <param name="x">[n, columns].</param>
    public Tensor Multiply(Tensor x)
    {
        using Tensor narrow = nn.functional.linear(x, down);
        return nn.functional.linear(narrow, up);
    }

    /// <summary>Some rows of up·down.</summary>
    /// <param name="indices">[n], int64.</param>
    public Tensor Select(Tensor indices)
    {
        using Tensor narrow = up.index_select(0, indices);
        return narrow.matmul(down);
    }

    /// <summary>up·down, [rows, columns].</summary>
    public Tensor ToTensor() => up.matmul(down);

    /// <summary>Frees both.</summary>
    public void Dispose()
    {
        up.Dispose();
        down.Dispose();
    }
}
