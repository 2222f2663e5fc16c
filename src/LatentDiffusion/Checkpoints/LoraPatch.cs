namespace LatentDiffusion.Checkpoints;

/// <summary>A low-rank change of one parameter: ΔW = <see cref="Scale"/>·up·down (Hu et al. 2021, section 4.1).</summary>
/// <param name="Component">Network that the parameter belongs to.</param>
/// <param name="Parameter">Published name of the parameter.</param>
/// <param name="Up">Name in the file of the projection to the outputs, [out, rank] or [out, rank, 1, 1].</param>
/// <param name="Down">Name in the file of the projection of the inputs, [rank, in] or [rank, in, kernel, kernel].</param>
/// <param name="Mid">Name in the file of the kernel between both, [rank, rank, kernel, kernel]; null in most files.</param>
/// <param name="Rank">Inner dimension.</param>
/// <param name="Alpha">Trained strength; the rank if the file does not set it.</param>
/// <param name="Scale">α/rank, or α/√rank for rank-stabilized LoRA (Kalajdzievski 2023).</param>
public sealed record LoraPatch(
    string Component,
    string Parameter,
    string Up,
    string Down,
    string? Mid,
    long Rank,
    double Alpha,
    double Scale);
