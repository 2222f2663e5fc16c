namespace LatentDiffusion.Evaluation;

/// <summary>The variance of the reverse process p(x_{t−1}|x_t), in the bound (Ho et al. 2020, section 3.2).</summary>
public enum ReverseVariance
{
    /// <summary>β̃_t, that of q(x_{t−1}|x_t, x_0); the first timestep takes the second's (Nichol &amp; Dhariwal 2021, section 3.1).</summary>
    Posterior,

    /// <summary>β_t.</summary>
    Beta,

    /// <summary>
    /// What the second half of the network's output v says of each value, log Σ = f·log β_t + (1 − f)·log β̃_t with
    /// f = (v + 1)/2 (Nichol &amp; Dhariwal 2021, equation 15): for networks with twice the outputs alone.
    /// </summary>
    Learned,
}
