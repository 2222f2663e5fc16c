using Xunit;

namespace LatentDiffusion.Tests.Training.Distributed;

/// <summary>Which library is taken for Open MPI.</summary>
public sealed class OpenMpiLibraryTests
{
    [Fact]
    public void A_missing_library_is_named() => Assert.Contains(
        "none of libmissing-mpi.so.7 was found",
        Assert.Throws<DllNotFoundException>(() => OpenMpiLibrary.Load(["libmissing-mpi.so.7"])).Message, StringComparison.Ordinal);

    [Fact]
    public void Another_library_is_refused()
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("The C library has another name here.");
        Assert.Contains(
            "'libc.so.6' is not an MPI library; expected Open MPI",
            Assert.Throws<NotSupportedException>(() => OpenMpiLibrary.Load(["libc.so.6"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_out_of_range_are_refused_before_anything_is_joined()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => OpenMpiReducer.Join(new OpenMpiOptions { TimeLimit = TimeSpan.Zero }));
        Assert.Throws<ArgumentOutOfRangeException>(() => OpenMpiReducer.Join(new OpenMpiOptions { BucketLength = 1000 }));
        Assert.False(OpenMpiReducer.IsLaunched);
    }
}
