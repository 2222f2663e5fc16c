namespace LatentDiffusion.Evaluation;

/// <summary>The distance of a set of images from the test images, in the space of some features.</summary>
/// <param name="Features">Description of the features.</param>
/// <param name="Width">Number of features per image.</param>
/// <param name="Set">The set: <c>generated</c>, or <c>training</c> for real images as a reference.</param>
/// <param name="ImageCount">Number of images in the set.</param>
/// <param name="TestImageCount">Number of test images.</param>
/// <param name="Frechet">Fréchet distance; biased upwards, more so for fewer images.</param>
/// <param name="Kernel">Kernel distance; unbiased.</param>
/// <param name="PrecisionRecall">Precision and recall.</param>
public sealed record SetDistance(
    string Features,
    int Width,
    string Set,
    int ImageCount,
    int TestImageCount,
    double Frechet,
    KernelDistance Kernel,
    PrecisionRecall PrecisionRecall);
