namespace LatentDiffusion.Checkpoints;

/// <summary>A change of low rank to one parameter: ΔW = <see cref="Scale"/>·up·down (Hu et al. 2021, section 4.1).</summary>
/// <param name="Component">Network that the parameter belongs to.</param>
/// <param name="Parameter">Published name of the parameter.</param>
/// <param name="Up">Name in the file of the tensor that leads out, [out, rank] or [out, rank, 1, 1].</param>
/// <param name="Down">Name in the file of the tensor that leads in, [rank, in] or [rank, in, kernel, kernel].</param>
/// <param name="Mid">Name in the file of the kernel between both, [rank, rank, kernel, kernel]; null for most.</param>
/// <param name="Rank">Inner dimension.</param>
/// <param name="Alpha">Strength as trained; where a file names none it is the rank.</param>
/// <param name="Scale">α/rank, or α/√rank where the file was trained so (Kalajdzievski 2023).</param>
public sealed record LoraPatch(
    string Component,
    string Parameter,
    string Up,
    string Down,
    string? Mid,
    long Rank,
    double Alpha,
    double Scale);
