namespace LatentDiffusion.Evaluation;

/// <summary>How far a set of pictures is from the test pictures, in the space of some features.</summary>
/// <param name="Features">What the features are.</param>
/// <param name="Width">How many features a picture has.</param>
/// <param name="Set">Which set: <c>generated</c>, or <c>training</c> as what real pictures of the same number have.</param>
/// <param name="Pictures">Pictures of the set.</param>
/// <param name="TestPictures">Pictures of the test set.</param>
/// <param name="Frechet">Fréchet distance; biased upwards, the more the fewer pictures there are.</param>
/// <param name="Kernel">Kernel distance; not biased.</param>
/// <param name="PrecisionRecall">Precision and recall.</param>
public sealed record SetDistance(
    string Features, int Width, string Set, int Pictures, int TestPictures, double Frechet, KernelDistance Kernel, PrecisionRecall PrecisionRecall);
