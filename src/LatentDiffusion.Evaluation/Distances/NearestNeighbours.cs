using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>Nearest training pictures: a generated picture that is a copy shows as one much nearer than unseen pictures are.</summary>
public static class NearestNeighbours
{
    private const int ChunkSize = 1024;

    /// <summary>Finds for each query the nearest of a set, by the root mean square difference of features.</summary>
    /// <param name="queries">[pictures, width].</param>
    /// <param name="set">[pictures, width].</param>
    /// <returns>One for each query; of equally near ones the first.</returns>
    /// <exception cref="ArgumentException">Shapes do not fit, or a feature is not finite.</exception>
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
            // The plain differences: the quick form by matrix products loses the distance of near copies to rounding.
            Tensor distances = cdist(a, b.narrow(0, start, Math.Min(ChunkSize, b.shape[0] - start)), compute_mode: compute_mode.donot_use_mm_for_euclid_dist);
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
