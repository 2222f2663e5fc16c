namespace LatentDiffusion;

/// <summary>A denoiser whose self-attention can be perturbed, as perturbed-attention guidance asks (Ahn et al. 2024, section 4.1).</summary>
public interface IPerturbableDenoiser : IDenoiser
{
    /// <summary>
    /// The same denoiser with self-attention maps replaced by the identity in some layers: each position sees its own
    /// value alone. Shares the weights, and the state of a run where this is one.
    /// </summary>
    /// <param name="layers">
    /// Where: published paths of the network's modules, each standing for all self-attention below it, such as
    /// <c>mid_block</c> (or <c>mid</c> for short), <c>down_blocks.2</c> or <c>up_blocks.1.attentions.0</c>.
    /// </param>
    /// <exception cref="ArgumentException">There is no self-attention below one of them; the message names it.</exception>
    IDenoiser Perturb(IReadOnlyList<string> layers);
}
