# cmake -DWEIR=... -DPROGRAM=... -DFOLDER=... -P check_readme.cmake
# Makes the in.mp4 that the README's program wants, runs the program, and looks at its out.mp4.
file(REMOVE_RECURSE ${FOLDER})
file(MAKE_DIRECTORY ${FOLDER})

function(run)
  execute_process(COMMAND ${ARGV} WORKING_DIRECTORY ${FOLDER} OUTPUT_VARIABLE output RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "status ${status}: ${ARGV}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

run(${WEIR} run "out: mux in.mp4
  testsrc 320x180 frames=50 ! encode libx264 preset=ultrafast ! out
  tone duration=2 ! encode aac ! out")
run(${PROGRAM})
run(${WEIR} run "demux out.mp4 ! decode ! framehash -")
string(REGEX MATCHALL "1280x720 yuv420p" pictures "${output}")
list(LENGTH pictures count)
if(NOT count EQUAL 50)
  message(FATAL_ERROR "${count} pictures of 1280x720, not 50:\n${output}")
endif()
run(${WEIR} run "in: demux out.mp4
  in.audio ! decode ! null")
