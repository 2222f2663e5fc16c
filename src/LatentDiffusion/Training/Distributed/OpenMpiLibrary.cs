using System.Runtime.InteropServices;
using System.Text;

namespace LatentDiffusion.Training;

/// <summary>
/// The functions of Open MPI that are needed, from the library that is installed. Handles are addresses of its objects; those of
/// MPICH and MS-MPI are integers, so these are refused.
/// </summary>
internal sealed unsafe class OpenMpiLibrary
{
    // MPI_ERR_… codes are positive; MPI_IN_PLACE and MPI_STATUS_IGNORE are constants of Open MPI's mpi.h.
    private const int Success = 0, LongestText = 8192;
    private const int Funneled = 1;

    private static readonly string[] s_names =
        OperatingSystem.IsMacOS() ? ["libmpi.40.dylib", "libmpi.dylib"] : ["libmpi.so.40", "libmpi.so"];

    private readonly nint _library;

    private OpenMpiLibrary(nint library) => _library = library;

    /// <summary>Loads it.</summary>
    /// <param name="names">Names or paths to look for; null for those of Open MPI 2 to 5.</param>
    /// <exception cref="DllNotFoundException">None is installed.</exception>
    /// <exception cref="NotSupportedException">It is another MPI.</exception>
    public static OpenMpiLibrary Load(IReadOnlyList<string>? names = null)
    {
        names ??= s_names;
        foreach (string name in names)
        {
            if (!NativeLibrary.TryLoad(name, out nint library)) continue;
            var loaded = new OpenMpiLibrary(library);
            return NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out _) ? loaded : throw new NotSupportedException(
                $"'{name}' is {loaded.Version() ?? "not an MPI library"}; expected Open MPI, whose mpirun also starts the processes.");
        }

        throw new DllNotFoundException(
            $"Open MPI is not installed: none of {string.Join(", ", names)} was found. "
                + "On Debian and Ubuntu it is the package openmpi-bin.");
    }

    public nint World => Export("ompi_mpi_comm_world");

    /// <summary>Initializes MPI for calls from this thread only.</summary>
    public void Initialize()
    {
        int provided;
        Check(
            ((delegate* unmanaged<int*, byte***, int, int*, int>)Export("MPI_Init_thread"))(null, null, Funneled, &provided),
            "MPI_Init_thread");
        if (provided < Funneled)
            throw new NotSupportedException($"This Open MPI gives thread support {provided}; expected {Funneled} (funneled) or more.");
        Check(
            ((delegate* unmanaged<nint, nint, int>)Export("MPI_Comm_set_errhandler"))(World, Export("ompi_mpi_errors_return")),
            "MPI_Comm_set_errhandler");
    }

    public int Rank() => Number("MPI_Comm_rank");

    public int Size() => Number("MPI_Comm_size");

    public void Leave() => Check(((delegate* unmanaged<int>)Export("MPI_Finalize"))(), "MPI_Finalize");

    /// <summary>Begins to bring bytes of every process to every process.</summary>
    public nint AllGather(void* own, int count, void* all)
    {
        nint request, type = Export("ompi_mpi_byte");
        Check(
            ((delegate* unmanaged<void*, int, nint, void*, int, nint, nint, nint*, int>)Export("MPI_Iallgather"))(
                own, count, type, all, count, type, World, &request),
            "MPI_Iallgather");
        return request;
    }

    /// <summary>Begins the same for blocks of different lengths.</summary>
    public nint AllGather(void* own, int count, void* all, int* counts, int* offsets, bool floats)
    {
        nint request, type = Export(floats ? "ompi_mpi_float" : "ompi_mpi_byte");
        Check(
            ((delegate* unmanaged<void*, int, nint, void*, int*, int*, nint, nint, nint*, int>)Export("MPI_Iallgatherv"))(
                own, count, type, all, counts, offsets, type, World, &request),
            "MPI_Iallgatherv");
        return request;
    }

    /// <summary>Begins to send each process its block of floats.</summary>
    public nint Exchange(void* own, int* counts, int* offsets, void* received, int* receivedCounts, int* receivedOffsets)
    {
        nint request, type = Export("ompi_mpi_float");
        Check(
            ((delegate* unmanaged<void*, int*, int*, nint, void*, int*, int*, nint, nint, nint*, int>)Export("MPI_Ialltoallv"))(
                own, counts, offsets, type, received, receivedCounts, receivedOffsets, type, World, &request),
            "MPI_Ialltoallv");
        return request;
    }

    /// <summary>Begins to sum floats over the processes, in any order.</summary>
    public nint AllReduce(void* own, void* sum, int count)
    {
        nint request;
        Check(
            ((delegate* unmanaged<void*, void*, int, nint, nint, nint, nint*, int>)Export("MPI_Iallreduce"))(
                own, sum, count, Export("ompi_mpi_float"), Export("ompi_mpi_op_sum"), World, &request),
            "MPI_Iallreduce");
        return request;
    }

    /// <summary>Begins to send bytes of process 0 to all.</summary>
    public nint Broadcast(void* bytes, int count)
    {
        nint request;
        Check(
            ((delegate* unmanaged<void*, int, nint, int, nint, nint*, int>)Export("MPI_Ibcast"))(
                bytes, count, Export("ompi_mpi_byte"), 0, World, &request),
            "MPI_Ibcast");
        return request;
    }

    /// <summary>Advances everything begun, and says whether one of it is done.</summary>
    public bool IsDone(ref nint request)
    {
        int done;
        nint one = request;
        Check(((delegate* unmanaged<nint*, int*, void*, int>)Export("MPI_Test"))(&one, &done, null), "MPI_Test");
        request = one;
        return done != 0;
    }

    private int Number(string function)
    {
        int value;
        Check(((delegate* unmanaged<nint, int*, int>)Export(function))(World, &value), function);
        return value;
    }

    private string? Version()
    {
        if (!NativeLibrary.TryGetExport(_library, "MPI_Get_library_version", out nint function)) return null;
        byte* text = stackalloc byte[LongestText];
        int length = 0;
        _ = ((delegate* unmanaged<byte*, int*, int>)function)(text, &length);
        return Encoding.UTF8.GetString(text, Math.Clamp(length, 0, LongestText)).Split('\n', '\0')[0].Trim();
    }

    private void Check(int code, string function)
    {
        if (code == Success) return;
        byte* text = stackalloc byte[LongestText];
        int length = 0;
        _ = ((delegate* unmanaged<int, byte*, int*, int>)Export("MPI_Error_string"))(code, text, &length);
        throw new ProcessGroupException(
            $"{function} failed with code {code}: {Encoding.UTF8.GetString(text, Math.Clamp(length, 0, LongestText)).TrimEnd('\0')}");
    }

    private nint Export(string name) => NativeLibrary.GetExport(_library, name);
}
