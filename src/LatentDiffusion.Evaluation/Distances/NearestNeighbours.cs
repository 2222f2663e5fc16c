using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>Nearest training images. A generated copy is much nearer to its training image than unseen images are.</summary>
public static class NearestNeighbours
{
    private const int ChunkSize = 1024;

    /// <summary>Finds the nearest element of a set for each query, by the root mean square difference of features.</summary>
    /// <param name="queries">[images, width].</param>
    /// <param name="set">[images, width].</param>
    /// <returns>One neighbour for each query; the first of several equally near ones.</returns>
    /// <exception cref="ArgumentException">Shapes do not match, or a feature is not finite.</exception>
    public static IReadOnlyList<Neighbour> Find(Tensor queries, Tensor set)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor a = FeatureMatrix.Checked(queries, 1, nameof(queries)), b = FeatureMatrix.Checked(set, 1, nameof(set));
        FeatureMatrix.SameWidth(a, b);
        var best = new Neighbour[a.shape[0]];
        Array.Fill(best, new Neighbour(-1, double.PositiveInfinity));
        for (long start = 0; start < b.shape[0]; start += ChunkSize)
        {
            using DisposeScope inner = NewDisposeScope();
            // Plain differences: the faster form with matrix products loses the distance of near copies to rounding.
            Tensor distances = cdist(
                a, b.narrow(0, start, Math.Min(ChunkSize, b.shape[0] - start)), compute_mode: compute_mode.donot_use_mm_for_euclid_dist);
            (Tensor values, Tensor indices) = distances.min(1);
            double[] nearest = values.data<double>().ToArray();
            long[] where = indices.data<long>().ToArray();
            for (int i = 0; i < best.Length; i++)
            {
                double distance = nearest[i] / Math.Sqrt(a.shape[1]);
                if (distance < best[i].Distance) best[i] = new Neighbour((int)(start + where[i]), distance);
            }
        }

        return best;
    }
}
