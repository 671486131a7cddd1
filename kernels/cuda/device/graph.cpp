#include "kernels/cuda/device/graph.h"

namespace apertura::kernels::cuda {

namespace {

// A recording under way; ends with its owner, whatever happens.
class Recording {
public:
    explicit Recording(Stream& stream) : m_stream(stream) {
        // Other threads may allocate and copy meanwhile.
        check(cudaStreamBeginCapture(stream.handle(), cudaStreamCaptureModeThreadLocal),
              "cudaStreamBeginCapture");
    }
    ~Recording() {
        if (!m_isOver) {
            cudaGraph_t unfinished = nullptr;
            cudaStreamEndCapture(m_stream.handle(), &unfinished);
            if (unfinished != nullptr) {
                cudaGraphDestroy(unfinished);
            }
            // Clears the error that a broken recording ends with.
            cudaGetLastError();
        }
    }
    Recording(const Recording&) = delete;
    Recording& operator=(const Recording&) = delete;

    cudaGraph_t finish() {
        m_isOver = true;
        cudaGraph_t graph = nullptr;
        check(cudaStreamEndCapture(m_stream.handle(), &graph), "cudaStreamEndCapture");
        return graph;
    }

private:
    Stream& m_stream;
    bool m_isOver = false;
};

}  // namespace

Graph::Graph(Stream& stream, const std::function<void()>& work) {
    Recording recording(stream);
    work();
    const cudaGraph_t graph = recording.finish();
    const cudaError_t status = cudaGraphInstantiate(&m_executable, graph, 0);
    cudaGraphDestroy(graph);
    check(status, "cudaGraphInstantiate");
}

Graph::~Graph() {
    cudaGraphExecDestroy(m_executable);
}

void Graph::launch(Stream& stream) {
    check(cudaGraphLaunch(m_executable, stream.handle()), "cudaGraphLaunch");
}

}  // namespace apertura::kernels::cuda
