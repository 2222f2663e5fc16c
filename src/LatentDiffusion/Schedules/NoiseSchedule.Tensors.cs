using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

public sealed partial class NoiseSchedule
{
    /// <summary>A draw from q(x_t|x_0) = N(√ᾱ_t·x_0, (1−ᾱ_t)·I) in closed form (DDPM equation 4).</summary>
    /// <param name="x0">Clean samples, [batch, …].</param>
    /// <param name="noise">Standard normal noise of the same shape.</param>
    /// <param name="timesteps">int64 [batch], each in [0, T).</param>
    /// <returns>√ᾱ_t·x_0 + √(1−ᾱ_t)·noise, in the data type of <paramref name="x0"/>.</returns>
    /// <exception cref="ArgumentException">Shapes or the timesteps' data type do not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A timestep is not in [0, T).</exception>
    public Tensor AddNoise(Tensor x0, Tensor noise, Tensor timesteps) =>
        Combine(x0, Math.Sqrt, noise, alphaBar => Math.Sqrt(1 - alphaBar), timesteps);

    /// <summary>The velocity v = √ᾱ_t·ε − √(1−ᾱ_t)·x_0 (Salimans &amp; Ho 2022, section 4).</summary>
    /// <param name="x0">Clean samples, [batch, …].</param>
    /// <param name="noise">The noise ε of x_t, of the same shape.</param>
    /// <param name="timesteps">int64 [batch], each in [0, T).</param>
    /// <returns>v, in the data type of <paramref name="x0"/>.</returns>
    /// <exception cref="ArgumentException">Shapes or the timesteps' data type do not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A timestep is not in [0, T).</exception>
    public Tensor Velocity(Tensor x0, Tensor noise, Tensor timesteps) =>
        Combine(x0, alphaBar => -Math.Sqrt(1 - alphaBar), noise, Math.Sqrt, timesteps);

    private Tensor Combine(Tensor x0, Func<double, double> clean, Tensor noise, Func<double, double> noisy, Tensor timesteps)
    {
        ArgumentNullException.ThrowIfNull(x0);
        ArgumentNullException.ThrowIfNull(noise);
        ArgumentNullException.ThrowIfNull(timesteps);
        if (x0.dim() < 1 || !x0.shape.SequenceEqual(noise.shape))
        {
            throw new ArgumentException(
                $"Samples of shape [{string.Join(", ", x0.shape)}] need noise of that shape; it has [{string.Join(", ", noise.shape)}].",
                nameof(noise));
        }

        if (timesteps.dtype != ScalarType.Int64 || timesteps.dim() != 1 || timesteps.shape[0] != x0.shape[0])
        {
            throw new ArgumentException(
                $"Timesteps are int64 [{x0.shape[0]}], one per sample, not {timesteps.dtype} [{string.Join(", ", timesteps.shape)}].",
                nameof(timesteps));
        }

        using Tensor host = timesteps.cpu();
        double[] alphaBars = [.. host.data<long>().Select(t => { CheckTimestep(t); return _alphaBars[t]; })];
        using Tensor cleanScale = PerSample(alphaBars.Select(clean), x0);
        using Tensor noiseScale = PerSample(alphaBars.Select(noisy), x0);
        using Tensor scaled = x0 * cleanScale;
        return scaled.AddProduct(noise, noiseScale);
    }

    /// <summary>One factor a sample, shaped to spread over the rest of <paramref name="like"/>.</summary>
    private static Tensor PerSample(IEnumerable<double> values, Tensor like)
    {
        using Tensor host = tensor(values.ToArray());
        using Tensor placed = host.to(like.dtype, like.device);
        long[] shape = [like.shape[0], .. Enumerable.Repeat(1L, (int)like.dim() - 1)];
        return placed.reshape(shape);
    }
}
